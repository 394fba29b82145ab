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

"""``[lifecycle_worker] hygiene_*``: what the worker does about the stores."""

from oslo_config import cfg

OPTS = [
    cfg.IntOpt(
        'hygiene_interval',
        default=0,
        min=0,
        help="""
Seconds between two looks at what lies in the stores and no image needs; 0 for
never.

Each writes plans, as "openstack image lifecycle hygiene plan" does, into
hygiene in [lifecycle] state_dir. What is needless is taken out of the stores
only in mode act, and only where the section hygiene of the policy says so. Set
it on one host of glance-api that has all the stores, to 86400 for example, or
on each host for stores of its own. A million objects take a minute of one
processor.
"""),
    cfg.ListOpt(
        'hygiene_exports',
        default=[],
        help="""
Files of "openstack image lifecycle hygiene export" of other Glances that use
the stores, too: the images in them are needed.

They have to be signed, and not older than a week: have them written anew
before each look. While one of them cannot be used, there is no plan, and
nothing is taken.
"""),
    cfg.ListOpt(
        'hygiene_export_certificates',
        default=[],
        help="""
PEM files of the certificates with which those Glances sign hygiene_exports; by
default, that with which this Glance signs.

Set it where each Glance has a key of its own.
"""),
]
