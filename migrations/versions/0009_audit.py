"""the audit can only be added to

Triggers raise where a row would be changed or deleted. Where SQLite's table is made anew in a later
migration (`batch_alter_table`), the triggers go with the old one and have to be made again.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-26 02:45:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WORDS = "entries of the audit are never changed and never deleted"
_SQLITE = """
CREATE TRIGGER audit_entries_keep_{event} BEFORE {event} ON audit_entries
BEGIN SELECT RAISE(ABORT, '{words}'); END
"""
# INSERT OR REPLACE deletes without a word to the trigger of DELETE.
_SQLITE_REPLACE = """
CREATE TRIGGER audit_entries_keep_insert BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{words}'); END
"""
_FUNCTION = """
CREATE FUNCTION audit_entries_keep() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{words}'; END $$
"""
_POSTGRESQL = """
CREATE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_keep()
"""


def upgrade():
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        # A reason may be longer than a line.
        batch_op.alter_column("reason", type_=sa.Text(), existing_type=sa.String(length=500))
        batch_op.create_index("ix_audit_entries_actor", ["actor"], unique=False)
        batch_op.create_index("ix_audit_entries_action", ["action"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(_SQLITE.format(event=event, words=_WORDS))
        op.execute(_SQLITE_REPLACE.format(words=_WORDS))
    else:
        op.execute(_FUNCTION.format(words=_WORDS))
        op.execute(_POSTGRESQL)


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete", "insert"):
            op.execute(f"DROP TRIGGER audit_entries_keep_{event}")
    else:
        op.execute("DROP TRIGGER audit_entries_keep ON audit_entries")
        op.execute("DROP FUNCTION audit_entries_keep()")
    op.execute("UPDATE audit_entries SET reason = substr(reason, 1, 500)")
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entries_action")
        batch_op.drop_index("ix_audit_entries_actor")
        batch_op.alter_column("reason", type_=sa.String(length=500), existing_type=sa.Text())
