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

"""What is compared: stock Glance as it can be configured, and ours."""

import dataclasses

from benchmarks import signed
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import glance_conf


@dataclasses.dataclass(frozen=True)
class Variant:
    """One configuration of glance-api.

    :ivar ours: the lifecycle plugin does the work
    :ivar digests: algorithm of os_hash, and of checksum (None: unset)
    :ivar stores: numbers of stores that it makes sense for
    :ivar is_signed: the image is signed, and what is stored is signed anew
    """

    name: str
    plugin: str
    ours: bool = False
    digests: tuple[str, str | None] = ('sha512', 'md5')
    stores: tuple[int, ...] = (1, 3)
    is_signed: bool = False
    conf: glance_conf.Sections = dataclasses.field(default_factory=dict)
    import_conf: glance_conf.Sections = dataclasses.field(
        default_factory=dict)

    def api(self, database: str | None = None, processes: int = 1,
            keys: signed.Keys | None = None) -> glance.GlanceApi:
        """A glance-api of this variant; a fixture, not started yet."""
        conf = {**self.conf, **(keys.conf() if keys else {})}
        # Debug logging is on in tests; nobody runs a production so.
        conf['DEFAULT'] = {**conf.get('DEFAULT', {}), 'debug': False}
        return glance.GlanceApi(
            plugins=[self.plugin], conf=conf, import_conf=self.import_conf,
            database=database, processes=processes)


SERIAL = Variant('stock serial', 'image_conversion')
PARALLEL = Variant(
    'stock parallel', 'image_conversion', stores=(3,),
    import_conf={'image_import_opts': {'max_parallel_stores': 3}})
OURS = Variant('ours', 'lifecycle', ours=True)
OURS_SHA256 = Variant(
    'ours sha256', 'lifecycle', ours=True, digests=('sha256', None),
    conf={'DEFAULT': {'hashing_algorithm': 'sha256'},
          'lifecycle_transfer': {'checksum': 'none'}})
OURS_SIGNED = Variant('ours signed', 'lifecycle', ours=True, is_signed=True,
                      stores=(3,))

#: In the order of tables.
ALL = (SERIAL, PARALLEL, OURS, OURS_SIGNED, OURS_SHA256)
