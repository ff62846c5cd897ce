"""an index of what waits for another try

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-26 07:30:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    waits = sa.text("lease_token IS NULL AND NOT held AND attempt > 1 AND destination IS NOT NULL")
    op.create_index(
        "ix_automation_jobs_again",
        "automation_jobs",
        ["destination"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade():
    op.drop_index("ix_automation_jobs_again", table_name="automation_jobs")
