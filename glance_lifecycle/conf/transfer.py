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

"""``[lifecycle_transfer]``: how bytes are moved, and within what limits."""

from oslo_config import cfg

GROUP = cfg.OptGroup('lifecycle_transfer', title='Image transfer',
                     help='How the bytes of an image are moved.')

OPTS = [
    cfg.StrOpt(
        'checksum',
        default='md5',
        choices=[('md5', 'as Glance does'),
                 ('none', 'leave the checksum attribute empty')],
        help="""
The legacy checksum attribute of an image.

Glance's secure hash (os_hash_algo, os_hash_value) is always set; md5 comes on
top, for old clients, and is the slower of the two. Set none where md5 is
not allowed (FIPS) or nobody reads the attribute: imports take a third less
CPU time.
"""),
    cfg.IntOpt(
        'memory_limit',
        default=1024,
        min=256,
        help="""
Address space of the process that reads an image, in MiB.

The process uses less than 200 MiB of memory whatever the size of the image;
address space is more, because shared libraries and thread stacks count. Raise
it if a store's library (librbd) needs more and imports fail with "the memory
limit was reached".
"""),
    cfg.IntOpt(
        'cpu_limit',
        default=120,
        min=0,
        help="""
CPU seconds of that process for each GiB of virtual size and each store; 0 for
no limit.

About 4 are used for hashing, 5 more to decompress. The limit is never less
than ten minutes. It stops an image that was made to take for ever.
"""),
    cfg.StrOpt(
        'run_in',
        default='child',
        choices=[('child', 'a child process of glance-api'),
                 ('worker', 'glance-lifecycle-worker on the same host')],
        help="""
Which process converts, verifies and writes an image that is imported.

A child ends with its glance-api, and the import with it: at a reload, uWSGI
kills what takes longer than its mercy, which is 80 seconds in many
deployments. Set worker where imports take long, and start
glance-lifecycle-worker on each host of glance-api, with the same state_dir and
the same [lifecycle_worker] connection. An import then goes on when glance-api
ends, and begins anew when the worker does. In staged mode, imports run in
glance-api whatever is set here.
"""),
    cfg.IntOpt(
        'worker_timeout',
        default=60,
        min=5,
        help="""
Seconds without a sign of life of a worker after which an import fails.

Only with run_in = worker. Its user may then ask for it again. An import that
waits because others run does not fail. Set the same for glance-api and the
worker, which gives three signs in that time. Raise it where a restart of the
worker takes longer.
"""),
    cfg.IntOpt(
        'nice',
        # Measured: the highest that leaves an import a fifth of its fair
        # share; above it the API answers hardly sooner.
        default=7,
        min=0,
        max=19,
        help="""
Niceness of that process.

An import uses every core that is free, and the API should answer meanwhile.
With 7, it gets a fifth of its fair share, or more, on a host that is busy with
other things. Lower it when imports take too long there, and set 0 on hosts
that do nothing but import. Raise it only if the API answers late while imports
run: above 7, an import on a busy host may hardly move.
"""),
    cfg.IntOpt(
        'group_nice',
        min=0,
        max=19,
        help="""
Niceness of that process's scheduling group.

By default as nice. Where the kernel groups processes by session
(/proc/sys/kernel/sched_autogroup_enabled is 1), niceness counts within such a
group only, and this is what sets it back against other services. Set 0 for an
import that is as good as each of them. It has no effect where glance-api runs
in a control group of its own, as systemd starts it: CPUWeight= is for that.
"""),
    cfg.StrOpt(
        'scheduling_policy',
        default='auto',
        choices=[('auto', 'idle in a control group of glance-api alone, other '
                          'elsewhere'),
                 ('other', 'as every process (SCHED_OTHER)'),
                 ('batch', 'as work that nobody waits for (SCHED_BATCH): the '
                           'same share, and it interrupts nobody'),
                 ('idle', 'only where nothing else of its group wants a core '
                          '(SCHED_IDLE); nice is of no effect then')],
        help="""
How the kernel schedules that process.

By default, where glance-api has a control group with a share of the cores of
its own (systemd's CPUWeight=, or a container), an import uses what glance-api
itself leaves of that share. Elsewhere it would come after all services of the
host, and nice says who goes first. Set other where more than glance-api runs
in its container, and imports take too long.
"""),
    cfg.IntOpt(
        'workers',
        default=2,
        min=1,
        max=64,
        help="""
Threads that decode one image.

More threads speed up compressed images. Raise it on hosts with many cores.
"""),
    cfg.IntOpt(
        'progress_interval',
        default=2,
        min=1,
        max=30,
        help="""
Seconds between updates of the task's message.

Each update writes one row of the database, renews the import's claim on the
image, and looks whether the image was deleted. Raise it if the database is
slow. Glance considers a task dead after an hour without update.
"""),
    cfg.IntOpt(
        'object_store_timeout',
        default=60,
        min=5,
        max=3600,
        help="""
Seconds that an S3 or Swift service may be silent.

A service that does not answer for longer, or cannot be reached for longer,
ends the import. One that pauses for less only takes longer: raise it if yours
is restarted, or completes very large objects, in more than a minute.
"""),
    cfg.IntOpt(
        'object_store_settle_time',
        default=300,
        min=0,
        max=86400,
        help="""
Seconds after the death of an import, or of the process of its transfer, in
which its store may still carry out what it had been sent.

A service on the network (S3, Swift, and what glance_store's own drivers talk
to) may have a whole request that nobody waits for any more. So what such an
import wrote is removed at once, but stays on record for this long, and then is
looked for again. Raise it where a load balancer or the service itself keeps
requests for longer. 0: looked for once, at once.
"""),
    cfg.StrOpt(
        'confinement',
        default='best-effort',
        choices=[('best-effort', 'with what the kernel has; the log says '
                                 'what it lacks'),
                 ('required', 'an import fails where it cannot be confined')],
        help="""
Whether the process that reads an image must be confined.

With landlock and seccomp it can open nothing but the image it was handed,
the stores it writes, and what its libraries need; qemu-img can open nothing
but the image and its result. Where there is no landlock, a root directory of
its own in a user name space does the same. Set required where users who are
not trusted may import, once the log of glance-api is free of warnings about
confinement: it needs Linux 5.13 with landlock switched on, or user name
spaces, and no store that is written through its glance_store driver (cinder,
vmware).
"""),
    cfg.ListOpt(
        'confinement_readable',
        default=[],
        help="""
Further files and directories that the confined process may read.

What Glance's and Ceph's configuration name is known, and so are the usual
places of CA certificates. Add a path if an import fails with "Permission
denied" for a file that a store's library reads from another place.
"""),
    cfg.StrOpt(
        'python_interpreter',
        help="""
Python interpreter for the process that reads an image.

Set it to the python of the virtual environment that glance-api is installed
in if that is not found by itself. By default it is [wsgi] python_interpreter,
or the one that glance-api runs with.
"""),
    cfg.StrOpt(
        'qemu_img',
        default='qemu-img',
        help="""
The qemu-img program, used for vmdk, vhd, vhdx and vdi only.

Set the full path if it is not in the service's PATH.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
