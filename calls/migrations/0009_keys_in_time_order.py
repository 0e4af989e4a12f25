"""New calls get keys in the order of time; nothing changes in the database, so no table is built anew for it."""

from django.db import migrations, models

from calls.db.ids import new_key


class Migration(migrations.Migration):
    dependencies = [("calls", "0008_named_tenant")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="call",
                    name="key",
                    field=models.UUIDField(default=new_key, editable=False, unique=True, verbose_name="key"),
                )
            ]
        )
    ]
