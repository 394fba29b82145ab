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

"""``[lifecycle_worker]``: the worker that keeps images as policy wants."""

from oslo_config import cfg

GROUP = cfg.OptGroup('lifecycle_worker', title='Lifecycle worker',
                     help='The worker, which keeps every image as the '
                     'lifecycle policy wants it.')

OPTS = [
    cfg.StrOpt(
        'connection',
        secret=True,
        help="""
URL of the worker's own database, as SQLAlchemy has it.

It holds jobs and the history of images; it is not Glance's. Without it, that
is the file worker.db in [lifecycle] state_dir, which does for the workers of
one host and needs no further step. Set it to MariaDB or PostgreSQL where
workers run on several hosts, for example to
mysql+pymysql://lifecycle:PASSWORD@db.example.com/lifecycle or
postgresql+psycopg://lifecycle:PASSWORD@db.example.com/lifecycle, and then run
"glance-lifecycle-manage db sync", which is also a step of each upgrade.
"""),
    cfg.IntOpt(
        'history_days',
        default=365,
        min=1,
        help="""
Days that the history of images, and jobs that are over, are kept.

"glance-lifecycle-manage db purge" removes what is older; nothing else does.
Change it to what your rules of audit ask for. A line takes about half a
kilobyte.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
