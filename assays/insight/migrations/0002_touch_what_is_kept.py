from typing import Any

from django.db import migrations


def touch_what_is_kept(apps: Any, schema_editor: Any) -> None:
    """What was stored before this table was there has never been verified nor packed."""
    Assay = apps.get_model("assays", "Assay")
    Touched = apps.get_model("insight", "Touched")
    kept = Assay.objects.filter(read_from__isnull=False).values_list("pk", "read_from", "read_to")
    Touched.objects.bulk_create(
        (
            Touched(assay_id=pk, verify_first=first, verify_last=last, pack_first=first, pack_last=last)
            for pk, first, last in kept.iterator()
        ),
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('insight', '0001_insight'),
    ]

    operations = [
        migrations.RunPython(touch_what_is_kept, migrations.RunPython.noop),
    ]
