# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What alembic runs; ``migration`` gives it the connection."""

from alembic import context

from glance_lifecycle.worker.database import models

# SQLite has transactions of its tables, too; alembic uses them only if told.
context.configure(
    connection=context.config.attributes['connection'],
    include_object=models.include_object, render_as_batch=True,
    target_metadata=models.METADATA, transactional_ddl=True,
    version_table=models.VERSION_TABLE)

with context.begin_transaction():
    context.run_migrations()
