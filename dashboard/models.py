"""What the dashboard itself keeps: sign-in links that have not been used yet."""

from django.db import models


class SignInLink(models.Model):
    """Only the token's digest is kept; using a link deletes its row, and who deletes it has it."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
