import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("projects", "0004_one_part_for_every_clip"),
    ]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="part",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="operations", to="projects.part"
            ),
        ),
    ]
