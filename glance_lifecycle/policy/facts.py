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
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

# What can be converted; anything else is stored as it is.
CONVERTIBLE = frozenset(('raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'))

# What may come in, unless somebody says otherwise.
CONTAINERS = frozenset(('bare', 'ova', 'docker', 'aki', 'ari', 'ami'))

# Known while an image is imported, and to nobody afterwards.
AT_IMPORT = ('import_method', 'importer_roles', 'domain')

# All four make a signature: Nova, Cinder and Glance look at nothing less.
# https://docs.openstack.org/glance/latest/user/signature.html
SIGNATURE = ('img_signature', 'img_signature_hash_method',
             'img_signature_key_type', 'img_signature_certificate_uuid')

# Only the service sets it, on what it has signed itself.
ATTESTATION = 'lifecycle_attestation'


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
    :ivar signed: as ``signed()`` says
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

    def to_dict(self) -> dict[str, Any]:
        """As plain data, which JSON can hold."""
        return {name: _plain(getattr(self, name))
                for name in self.__slots__}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> 'Facts':
        return cls(**{
            **value, 'stores': tuple(value['stores']),
            **{name: None if value[name] is None else frozenset(value[name])
               for name in ('tags', 'importer_roles')}})


def of_image(*, disk_format: str | None, container_format: str | None,
             size: int | None, virtual_size: int | None, name: str | None,
             owner: str | None, visibility: str | None,
             tags: Iterable[str] | None, properties: Mapping[str, object],
             created: datetime.datetime | None, now: datetime.datetime,
             stores: Iterable[str], store_kinds: Mapping[str, str] | None,
             protected: bool | None, hidden: bool | None,
             domain: str | None = None) -> Facts:
    """The facts of an image that is there.

    The only place that makes them: its import, the checks of the Image API
    and the search for drift mean the same by each.

    :param properties: the additional ones, all of them
    :param created: UTC, where it has no time zone
    :param now: with a time zone
    """
    found = {key: str(value) for key, value in properties.items()
             if value is not None}
    return Facts(
        disk_format, container_format, size, virtual_size, name=name or '',
        project=owner or '', domain=domain, visibility=visibility,
        tags=frozenset(tags or ()), properties=found, signed=signed(found),
        age=_age(created, now), stores=tuple(s for s in stores if s),
        store_kinds=store_kinds, protected=protected, hidden=hidden)


def signed(properties: Mapping[str, str]) -> bool:
    """Whether these make a signature, true or not: all four are there.

    A part of one is no signature to anybody. So an image with a part of one
    is unsigned, at its import (where that part is refused, too) and later.
    """
    return all(properties.get(name, '').strip() for name in SIGNATURE)


def _age(created: datetime.datetime | None, now: datetime.datetime
         ) -> int | None:
    if created is None:
        return None
    if created.tzinfo is None:
        # Glance's own are UTC and do not say so.
        created = created.replace(tzinfo=datetime.UTC)
    return max(0, int((now - created).total_seconds()))


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


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
