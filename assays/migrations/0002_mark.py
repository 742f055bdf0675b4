"""A field's identity by a mark of its key: a key may be longer than PostgreSQL takes into an index, as may a name."""

from hashlib import blake2b
from typing import Any

from django.db import migrations, models


def mark(apps: Any, schema_editor: Any) -> None:
    fields = apps.get_model("assays", "Field")
    for pk, key in fields.objects.values_list("pk", "key"):
        digest = blake2b(key.encode(), digest_size=8).digest()
        fields.objects.filter(pk=pk).update(mark=int.from_bytes(digest, signed=True))


class Migration(migrations.Migration):
    dependencies = [("assays", "0001_cache")]

    operations = [
        migrations.RemoveConstraint("field", name="field_identity"),
        migrations.RemoveIndex("assay", name="assay_worst_first"),
        migrations.AddField("field", "mark", models.BigIntegerField(default=0), preserve_default=False),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.AddIndex("assay", models.Index("state", models.F("ratio").desc(), name="assay_worst_first")),
        migrations.AddConstraint("field", models.UniqueConstraint(fields=["assay", "mark"], name="field_identity")),
    ]
