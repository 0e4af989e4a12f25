"""Attributes get one name each; columns, indexes and constraints keep theirs, so nothing changes in the database."""

from django.db import migrations, models
from django.db.models import Q

from calls.db.ids import new_key


class Migration(migrations.Migration):
    dependencies = [("calls", "0010_notifications_by_number")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex("notification", "notification_call_number"),
                migrations.RemoveIndex("notification", "notification_before_call"),
                migrations.RemoveConstraint("call", "call_once_per_graph_key"),
                migrations.RenameField("call", "key", "public_id"),
                migrations.AlterField(
                    "call",
                    "public_id",
                    models.UUIDField(db_column="key", default=new_key, editable=False, unique=True, verbose_name="key"),
                ),
                migrations.RenameField("call", "graph_key", "graph_id_folded"),
                migrations.AlterField(
                    "call",
                    "graph_id_folded",
                    models.CharField(db_column="graph_key", max_length=200, verbose_name="folded Graph id"),
                ),
                migrations.AddConstraint(
                    "call", models.UniqueConstraint(fields=["graph_id_folded"], name="call_once_per_graph_key")
                ),
                migrations.RenameField("notification", "call_number", "call_pk"),
                migrations.AlterField(
                    "notification",
                    "call_pk",
                    models.BigIntegerField(
                        db_column="call_number", editable=False, null=True, verbose_name="number of the call"
                    ),
                ),
                migrations.AddIndex(
                    "notification",
                    models.Index(
                        fields=["call_pk"], condition=Q(call_pk__isnull=False), name="notification_call_number"
                    ),
                ),
                migrations.AddIndex(
                    "notification",
                    models.Index(fields=["call"], condition=Q(call_pk=None), name="notification_before_call"),
                ),
            ],
        )
    ]
