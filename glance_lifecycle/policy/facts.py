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


"""What is known of an image when it is to be decided about."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

# What can be converted; anything else is stored as it is.
CONVERTIBLE = frozenset(('raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'))

# What may come in, unless somebody says otherwise.
CONTAINERS = frozenset(('bare', 'ova', 'docker', 'aki', 'ari', 'ami'))

# Known while an image is imported, and to nobody afterwards.
AT_IMPORT = ('import_method', 'importer_roles', 'domain')


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """One image, as it is admitted or as it is.

    None is "not known": what depends on it is then left open, never guessed.

    :ivar disk_format: Glance's name
    :ivar container_format: Glance's name; only ``bare`` can be converted
    :ivar size: bytes of the staged file, or of a stored copy
    :ivar virtual_size: bytes the guest sees
    :ivar project: id of the project that owns it
    :ivar domain: id of the domain of that project
    :ivar properties: the additional ones
    :ivar import_method: such as ``glance-direct``
    :ivar signed: it has a signature that counts
    :ivar age: seconds since it was created
    :ivar importer_roles: roles of who asked for the import
    :ivar stores: those that were asked for, or those that hold it
    :ivar store_kinds: all stores of the cloud -> glance_store driver
    :ivar protected: the flag, as it is
    :ivar hidden: os_hidden, as it is
    """

    disk_format: str | None
    container_format: str | None
    size: int | None
    virtual_size: int | None
    name: str | None = None
    project: str | None = None
    domain: str | None = None
    visibility: str | None = None
    tags: frozenset[str] | None = None
    properties: Mapping[str, str] | None = None
    import_method: str | None = None
    signed: bool | None = None
    age: int | None = None
    importer_roles: frozenset[str] | None = None
    stores: tuple[str, ...] = ()
    store_kinds: Mapping[str, str] | None = None
    protected: bool | None = None
    hidden: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """The options that decide where the document is silent.

    :ivar max_virtual_size: bytes; 0 for no limit
    :ivar signature: ``[lifecycle_signing] required``
    """

    convert: bool = True
    formats: Collection[str] = CONVERTIBLE
    container_formats: Collection[str] = CONTAINERS
    max_virtual_size: int = 0
    max_expansion_ratio: int = 0
    signature: str = 'signed-only'
