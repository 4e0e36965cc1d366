"""Every clip that was asked for before clips had parts gets its one part."""

from django.db import migrations

from projects.veo.catalog import CATALOG


def give_parts(apps, schema_editor):
    Clip = apps.get_model("projects", "Clip")
    for clip in Clip.objects.filter(parts=None).iterator():
        operation = clip.operations.first()
        part = clip.parts.create(
            position=0,
            method="new",
            prompt=clip.prompt,
            seconds=clip.duration_seconds,
            price_micros=clip.price_micros,
            agreed_by=clip.asked_by,
        )
        clip.operations.update(part=part, charged_micros=clip.cost_micros, seconds=clip.seconds)
        known = CATALOG.get(clip.model)
        clip.back_end = operation.back_end if operation else known.back_end if known else ""
        clip.save(update_fields=["back_end"])


class Migration(migrations.Migration):

    dependencies = [
        ("projects", "0003_dialogue_and_films"),
    ]

    operations = [
        migrations.RunPython(give_parts, migrations.RunPython.noop),
    ]
