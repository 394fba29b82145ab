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

"""``[lifecycle]``: what an import does."""

from oslo_config import cfg

GROUP = cfg.OptGroup('lifecycle', title='Image lifecycle',
                     help='What happens to an image when it is imported.')

OPTS = [
    cfg.StrOpt(
        'state_dir',
        default='/var/lib/glance/lifecycle',
        help="""
Directory for the journals of running transfers.

A transfer that died with its process is found by its journal and undone by
the first import of the next process, so the directory must survive a restart
of the service (and of the container it runs in). It must belong to one host,
be writable by glance-api and, where glance-api runs in several containers of
one host, be shared by them. It holds a few kilobytes.

Change it when /var/lib/glance is not kept, or is shared between hosts.
"""),
    cfg.StrOpt(
        'mode',
        default='auto',
        choices=[
            ('auto', 'direct where it is known to work, else staged'),
            ('direct', 'read once and write every store at the same time; an '
                       'import fails where this cannot be done'),
            ('staged', 'convert into the staging directory, then let Glance '
                       'upload to each store'),
        ],
        help="""
How a converted image gets into the stores.

Leave it at auto. Set staged to find out whether a problem lies in the direct
way, or while a new release of Glance has not been tested with this package;
it needs room for the raw image in the staging directory and is as slow as
Glance's own image_conversion.
"""),
    cfg.BoolOpt(
        'convert',
        default=True,
        help="""
Convert images to raw.

Set to False to import images as they come, still inspected, still read once
and written to all stores at the same time.
"""),
    cfg.ListOpt(
        'formats',
        default=['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso'],
        help="""
Disk formats that may be imported.

An image in another format is refused before any work. Shorten the list to
close the formats that your users do not need: every one of them is more code
that reads hostile bytes. Formats that cannot be converted, such as iso and
ami, are stored as they are.
"""),
    cfg.ListOpt(
        'container_formats',
        default=['bare', 'ova', 'docker', 'aki', 'ari', 'ami'],
        help="""
Container formats that may be imported.

An image in another container is refused before any work. What is in a
container is looked into whatever it is called, as far as the container is
known: the disks in an OVA are checked each by the rules of its format, the
archive that docker saved must be sound, and a kernel, ramdisk or machine image
(aki, ari, ami; put these into formats, too) must be no disk image of another
format. Of other containers, such as ovf and compressed, only the file itself
is: it must be what disk_format says. Add them only if something in your cloud
needs them, and shorten the list to bare if nothing needs the others. Only bare
images are converted.
"""),
    cfg.IntOpt(
        'max_virtual_size',
        default=1024,
        min=0,
        help="""
Largest virtual size of an imported image, in GiB; 0 for no limit.

A file of 200 KiB can claim any virtual size, and all of it must be hashed at
about half a GiB a second. Set it to the largest root disk of your flavors.
"""),
    cfg.IntOpt(
        'max_expansion_ratio',
        default=10000,
        min=0,
        help="""
Largest ratio of an image's virtual size to its file's; 0 for no limit.

Looked at only for virtual sizes above 10 GiB, so that small empty disks may be
imported. Raise it if your users import large, nearly empty disks.
"""),
    cfg.IntOpt(
        'database_patience',
        default=60,
        min=0,
        help="""
How long a change of an image's record is tried again while the database
fails, in seconds.

Through deadlocks, conflicts of a Galera cluster, a fail-over and a restart.
After that the import fails: what it wrote is removed, or left to recovery.
Progress is not waited for: the transfer goes on without it. A server that
vanishes without a word fails only after what [database] connection says, such
as "&connect_timeout=5&read_timeout=30" for PyMySQL. Raise it if your
database takes longer to fail over; users then wait longer for imports to fail
when it does not come back.
"""),
    cfg.StrOpt(
        'policy_file',
        help="""
Full path of the lifecycle policy, a YAML document.

It decides, by the image, who must sign, what is converted, which stores an
image belongs in, what is protected, and who may publish. What it does not say
is decided by the options here. Without it, they decide alone.

A changed file is picked up without a restart, a second after it was written;
a broken change is logged as an error and has no effect. If it is broken when
the service starts, nothing is imported. Check it before, with "openstack image
lifecycle policy validate"; etc/lifecycle-policy.yaml.sample is a start. Every
host needs the same file.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
