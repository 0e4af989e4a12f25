"""Create the groups Viewers, Supervisors and Auditors."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

from calls.accounts import roles


def create_groups(apps, schema_editor):
    # Permissions are usually made after all migrations have run; groups need them now.
    config = apps.get_app_config("calls")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    roles.create_groups(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
