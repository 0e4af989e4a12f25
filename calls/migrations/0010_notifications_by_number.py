"""Notifications are found by their call's number; those from before keep to Graph's id, so no row is written anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("calls", "0009_keys_in_time_order")]

    operations = [
        migrations.RemoveIndex(model_name="notification", name="notification_call"),
        migrations.AddField(
            model_name="notification",
            name="call_number",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="number of the call"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("call_number__isnull", False)),
                fields=["call_number"],
                name="notification_call_number",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("call_number", None)), fields=["call"], name="notification_before_call"
            ),
        ),
    ]
