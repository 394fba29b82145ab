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

from typing import Any

from oslo_config import cfg
from oslo_config import types

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import worker_hygiene

NAME = 'lifecycle_worker'

#: that only the worker reads, after those of glance-api, where it is there
FILE = '/etc/glance/glance-lifecycle-worker.conf'

_TITLE = {'title': 'Lifecycle worker',
          'help': 'The worker, which keeps every image as the lifecycle '
                  'policy wants it.'}
GROUP = cfg.OptGroup(NAME, **_TITLE)

OPTS = [
    cfg.StrOpt(
        'mode',
        default='observe',
        choices=[
            ('observe', 'find out what images need, and keep it as jobs that '
                        'wait; change nothing'),
            ('act', 'do these jobs'),
        ],
        help="""
Whether the worker changes images, or only says what it would do.

Begin with observe: see what it finds with "openstack image lifecycle job
list", and set act when that is what you want. What destroys data, such as
retention, is done only where the policy says so, and only in act.
"""),
    cfg.StrOpt(
        'region_name',
        help="""
Region whose image service is looked after; by default the first in the
catalogue.

Set it where Keystone has more than one region.
"""),
    cfg.StrOpt(
        'interface',
        default='internal',
        choices=['public', 'internal', 'admin'],
        help="""
Which endpoints of Glance, Nova and Cinder are used.

Set public where the host of the worker does not reach the internal ones.
"""),
    cfg.IntOpt(
        'jobs',
        default=4,
        min=1,
        max=64,
        help="""
Jobs that one worker runs at the same time.

A job that copies an image reads and hashes it, which takes most of one
processor. Lower it where the host has other work, such as glance-api; raise
it where jobs wait long although the host and the stores are idle.
"""),
    cfg.IntOpt(
        'imports',
        default=4,
        min=1,
        max=64,
        help="""
Imports that one worker runs at the same time, beside its jobs.

Only with [lifecycle_transfer] run_in = worker; they are run in each mode. More
of them wait. Raise it where imports wait although the host is idle.
"""),
    cfg.IntOpt(
        'rate',
        default=0,
        min=0,
        help="""
MiB that one worker reads from stores in a second, all its jobs together; 0
for no limit.

A copy to several stores is read once. Set it where copies and scrubs take too
much of the network or of the disks. Leave each of the jobs that run at the
same time 1 MiB or more: some stores end a connection on which nothing comes
for a minute. Imports are not limited by it, nor is what Glance or a store
copies by itself, as copy-image does.
"""),
    cfg.Opt(
        'store_rates',
        type=types.Dict(types.Integer(min=1)),
        default={},
        # Else the sample would show "{}", which is no value.
        sample_default='',
        help="""
The same for single stores, as store:MiB: what one worker reads from that store
and writes to it in a second. Others have no limit of their own.

A copy that goes to several stores is as fast as the slowest of them lets it
be. Set it for a store that has other work, for example to ceph:200,s3:50.
"""),
    cfg.Opt(
        'store_jobs',
        type=types.Dict(types.Integer(min=1)),
        default={},
        sample_default='',
        help="""
Jobs that may run at the same time that write to a store, read it back or
delete from it, as store:number; all workers together. Others have no limit
but jobs.

The jobs above that wait, and those of other stores go on. Set it for a store
that suffers from many copies at once, however fast they are, for example to
tape:1,s3:4. It must be the same for all workers. Not counted are imports, the
store that a copy is read from, and deletions of whole images.
"""),
    cfg.IntOpt(
        'sweep_interval',
        default=60,
        min=1,
        help="""
Seconds between two looks at the images that have changed since the last.

That costs one request where nothing has changed. Raise it where Glance's
notifications are listened to, and the looks only catch those that were lost.
"""),
    cfg.IntOpt(
        'full_sweep_interval',
        default=86400,
        min=60,
        help="""
Seconds between two looks at all images.

They find what comes by age, and what happened without a change of an image's
time. A changed policy is followed by such a look at once. Each page of 500
images is a request.
"""),
    cfg.IntOpt(
        'sweep_rate',
        default=2000,
        min=0,
        help="""
Images that are looked at in a second, at most; 0 for no limit.

Lower it where a look at all images burdens Glance or its database.
"""),
    cfg.IntOpt(
        'sweep_overlap',
        default=300,
        min=0,
        help="""
Seconds that each look at changed images reaches back before the last one.

It makes up for clocks that differ and transactions that end late. Raise it
where the clocks of the hosts differ by more.
"""),
    cfg.IntOpt(
        'brake_images',
        default=500,
        min=0,
        help="""
New jobs of one look are held for an operator if they touch more images than
this; 0 for no limit.

It stops a mistake in the policy before it is carried out. See what is held
with "openstack image lifecycle job list --state held".
"""),
    cfg.IntOpt(
        'brake_percent',
        default=20,
        min=0,
        max=100,
        help="""
The same if they touch more than this part of all images, in percent; 0 for no
limit. Ten images are always allowed.
"""),
    cfg.IntOpt(
        'scrub_after',
        default=0,
        min=0,
        help="""
Days after which a stored copy is read back and compared with the image's hash;
0 for never.

It finds what rots in a store before somebody boots it. Only a worker on a host
of glance-api reads copies back. 30 to 90 suits most clouds; see scrub_daily.
"""),
    cfg.IntOpt(
        'scrub_daily',
        default=1024,
        min=1,
        help="""
GiB of copies that are read back after each look at all images, at most.

With a look a day it takes as many days as this fits into all copies until each
was read. Lower it where reading burdens the stores.
"""),
    cfg.IntOpt(
        'scrub_rate',
        default=0,
        min=0,
        help="""
MiB that one worker reads back in a second to compare them; 0 for no limit but
that of rate and store_rates.

Set it where scrub_after is set and copies are to be as fast as they can, but
reading back has time.
"""),
    cfg.BoolOpt(
        'repair',
        default=False,
        help="""
Replace a copy that was read back and is not whole by a good one.

The bad copy is dropped, after another one was read to its end and found good,
and then made anew from that. Without this, the job fails and says so. Set it
once you trust what scrub_after finds.
"""),
    cfg.ListOpt(
        'cache_endpoints',
        default=[],
        help="""
URL of each glance-api whose image cache is to be filled, as the policy wants.

Each has a cache of its own. Name them all, for example
http://192.0.2.11:9292,http://192.0.2.12:9292, where several stand behind one
address; without this, that address is asked, and any of them answers. It needs
image_cache_dir in glance-api.conf.
"""),
    cfg.IntOpt(
        'cache_limit',
        default=0,
        min=0,
        help="""
GiB that one cache may hold for an image to be fetched into it; 0 for no limit.

Set it a little below image_cache_max_size of glance-api.conf, in GiB: what is
more, the cache would evict again.
"""),
    cfg.IntOpt(
        'stale_after',
        default=24,
        min=0,
        help="""
Hours after which a file in Glance's staging directory may be removed, since it
was last written to; 0 for never.

It is removed only if its image is gone, or is stored and nobody imports or
copies it, and no process has it open. Only a worker on a host of glance-api
does that. Raise it where something else than Glance keeps files there under
the ids of images.
"""),
    *worker_hygiene.OPTS,
    cfg.IntOpt(
        'attempts',
        default=10,
        min=1,
        help="""
How often a job is tried before it has failed.

Between two attempts it waits: retry_delay, then each time twice as long, an
hour at most. What cannot go well the next time, such as what the Image service
refuses, is tried once. Raise it where stores are away for long.
"""),
    cfg.IntOpt(
        'retry_delay',
        default=10,
        min=1,
        max=3600,
        help="""
Seconds between the first and the second attempt of a job.

See attempts. Lower it only for tests.
"""),
    cfg.IntOpt(
        'claim_expiry',
        default=60,
        min=3,
        help="""
Seconds without a sign of life after which the jobs of a worker on another
host are done by others.

Workers of one host know at once when one is gone. Lower it where jobs must
not wait so long for a host that died; it must be the same for all workers.
"""),
    cfg.IntOpt(
        'drain_timeout',
        default=60,
        min=1,
        help="""
Seconds that a worker waits at its end for the jobs that it runs.

Those that take longer are stopped, undone, and begun again by the next worker.
Raise it where copies of large images are stopped too often, and with it
TimeoutStopSec of the systemd unit.
"""),
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
    cfg.BoolOpt(
        'notifications',
        default=False,
        help="""
Look at an image as soon as Glance tells that it has changed.

Without it, the sweep finds what has changed; that needs no broker. Turn it on
where a change is to be mended within seconds, for example a golden image that
lost its protection. Glance has to send notifications for that: set
[oslo_messaging_notifications] driver = messagingv2 in glance-api.conf, and a
transport_url. A notification is only a hint, and one that is lost costs
nothing but the time until the next sweep.
"""),
    cfg.ListOpt(
        'notification_topics',
        default=['notifications'],
        help="""
Topics that Glance sends its notifications to.

Change it when [oslo_messaging_notifications] topics of glance-api.conf is not
the default. A topic of the worker's own there, beside those of others, needs
no notification_pool: see that option.
"""),
    cfg.StrOpt(
        'notification_pool',
        default='glance-lifecycle',
        help="""
Name of the workers' own queue, which gets a copy of each notification.

Workers with the same name share the copies; other consumers, such as
Ceilometer, lose none. Change it for each cloud where several share one
virtual host of a broker. Let it be empty where nobody else reads the topics:
then the workers empty the queue that Glance makes itself, which otherwise
grows without end. The workers' own queue grows while no worker runs, so give
it a policy with max-length on the broker: see "Notifications" in the
administration guide.
"""),
    cfg.StrOpt(
        'notification_transport_url',
        secret=True,
        help="""
Address of the broker that Glance sends its notifications to.

Without it, that is transport_url of [oslo_messaging_notifications], and then
of [DEFAULT], as for Glance itself. Set it when the worker does not read
glance-api.conf, or has a user of its own on the broker, for example to
rabbit://lifecycle:PASSWORD@mq.example.com:5672/. Other options of the
connection, such as TLS, come from [oslo_messaging_rabbit].
"""),
    cfg.HostAddressOpt(
        'metrics_bind',
        default='127.0.0.1',
        help="""
Address on which the worker answers /metrics, /healthz and /readyz.

Anybody who reaches it may read how many jobs there are, of which kind, and
the names of stores; there is no password, and no encryption. Set it to an
address of the management network, such as 192.0.2.10 or 2001:db8::10, where
Prometheus runs on another host, and let only Prometheus through to it.
"""),
    # Prometheus' own list of ports, 9100 to 9999, has none left. This is
    # 10000 beyond Glance's own, 9292, and below Linux' ephemeral ports.
    cfg.PortOpt(
        'metrics_port',
        default=19292,
        help="""
TCP port of metrics_bind; 0: nothing is served there.

Each worker of a host needs its own: change it where several run on one, or
something else has that port.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # One of its own, as in ``conf.protection``.
    conf.register_group(cfg.OptGroup(NAME, **_TITLE))
    conf.register_opts(OPTS, group=NAME)


def list_auth() -> list[tuple[str, list[Any]]]:
    """keystoneauth's, for samples and documentation: an entry point."""
    return credentials.listed(NAME)
