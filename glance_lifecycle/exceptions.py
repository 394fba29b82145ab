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

"""Every error this package raises on purpose.

A message says what happened, to which image, store or option, and what to
do about it. Users read it in the Glance task, operators in the log: so it
never holds a secret. What only the operator may read, such as a path of the
host, goes into the field ``operator``, which is not part of the message.
"""

import re
from typing import Any
from typing import ClassVar

# Of a file of this host or of a service behind it; not of "and/or".
# No scheme is that long: of "a.a.a..." each would be tried to the end.
_URL = re.compile(r'\b[\w+.-]{1,64}://[^\s\'",;]+')
_PATH = re.compile(r'(?<![\w/.)\]])/[^\s\'",:;()]+')


class LifecycleError(Exception):
    """Base of all; the message is formatted from named fields.

    The fields are kept, so that an error crosses a process boundary as its
    class name and fields and is the same error on the other side. In the
    message, ``detail`` is a sentence with its full stop, whether or not it
    was given one.

    :param operator: for the log and for commands on the host only
    """

    message: ClassVar[str] = 'An unknown image lifecycle error occurred.'

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        said = dict(fields)
        if 'detail' in said:
            said['detail'] = self.detail
        super().__init__(self.message.format(**said))

    @property
    def detail(self) -> str:
        """What happened, as a sentence; empty where nothing is told."""
        return sentence(str(self.fields.get('detail', '')))

    def for_operator(self) -> str:
        """The message and what users are not shown."""
        said = self.fields.get('operator')
        return '%s (%s)' % (self, said) if said else str(self)

    def for_user(self) -> 'LifecycleError':
        """The same error, fit to be shown through the Image API.

        What is meant for the operator is left out, and so is what slipped
        in: no message needs a path or an address.
        """
        return from_dict({'error': type(self).__name__, 'fields': {
            name: without_places(value) if isinstance(value, str) else value
            for name, value in self.fields.items() if name != 'operator'}})

    def __reduce__(self) -> tuple[Any, ...]:
        # copy and pickle would call the class with the message.
        return from_dict, (self.to_dict(),)

    def to_dict(self) -> dict[str, Any]:
        return {'error': type(self).__name__, 'fields': self.fields}


def without_places(text: str) -> str:
    """A text without paths and addresses."""
    return _PATH.sub('(path)', _URL.sub('(address)', text))


def sentence(text: str) -> str:
    """The text with a full stop, or the mark that it ends with."""
    text = text.strip()
    return text if text.endswith(('.', '?', '!')) or not text else text + '.'


def from_dict(value: dict[str, Any]) -> LifecycleError:
    """The error that ``to_dict()`` described.

    A name that is not one of ours becomes an InternalError: what a child
    process says is never used to look up anything else.
    """
    known = {cls.__name__: cls for cls in _subclasses(LifecycleError)}
    try:
        return known[value['error']](**value['fields'])
    except (KeyError, TypeError, IndexError):
        return InternalError(detail='malformed error report')


def _subclasses(cls: type[LifecycleError]) -> list[type[LifecycleError]]:
    return [cls] + [s for c in cls.__subclasses__() for s in _subclasses(c)]


class DatabaseError(LifecycleError):
    """Glance's database, for longer than ``[lifecycle] database_patience``.

    Nobody can tell whether the last change was made.
    """

    message = ('The database of the Image service failed: {detail} Try '
               'again, or tell the operator.')


class ImageChanged(LifecycleError):
    """By its owner or the policy, while it was imported.

    Not to its harm, but so that the work no longer fits.
    """

    message = ('The image changed while it was imported: {detail} Import '
               'it again.')


class InternalError(LifecycleError):
    message = 'Internal error in the image transfer: {detail}'


class ConfigurationError(LifecycleError):
    message = 'The lifecycle configuration is not usable: {detail}'


class InputRefused(ConfigurationError):
    """What a command was given: a file, or the name of something.

    :param detail: what is wrong with it; whoever read a file names that
    """

    message = '{detail}'


class ExportRefused(LifecycleError):
    """A list of another Glance's images that nothing can be built on.

    :param export: its path
    """

    message = 'The export {export} is not used: {detail}'


class ImageRefused(LifecycleError):
    """The image itself is bad; trying again with the same bytes is vain.

    :param reason: a stable slug that tests, metrics and documentation use,
        for example ``backing-file``
    :param detail: the sentence for the user
    """

    message = 'Image refused ({reason}): {detail}'

    def for_user(self) -> 'ImageRefused':
        # What it names is the user's own: the image, its properties.
        return self

    @property
    def reason(self) -> str:
        return str(self.fields['reason'])


class SourceError(LifecycleError):
    message = 'Cannot read the staged image: {detail}'


class StoreError(LifecycleError):
    """A store failed; the image is not at fault and a retry may succeed."""

    message = 'Store {store} failed: {detail}'

    @property
    def store(self) -> str:
        return str(self.fields['store'])


class StoreFull(StoreError):
    message = ('Store {store} is full: {detail} Free some space or choose '
               'another store, then import again.')


class StoreDuplicate(StoreError):
    message = ('Store {store} already holds an object for this image: '
               '{detail} It was not overwritten.')


class CopyMissing(StoreError):
    """Glance has a location there, and the store has nothing."""

    message = 'Store {store} has no copy where it should be: {detail}'


class CopyCorrupt(StoreError):
    """It can be read, and its bytes are not the image's."""

    message = 'The copy in store {store} is not the image: {detail}'


class TransferCancelled(LifecycleError):
    message = 'The transfer was stopped: {detail}'


class TransferFailed(LifecycleError):
    """The child process died or exceeded a limit."""

    message = 'The transfer failed: {detail}'


class NoWorker(LifecycleError):
    """``run_in = worker``, and none does it."""

    message = ('The lifecycle worker of the host did not do the import: '
               '{detail} The staged data are kept: ask for the import again, '
               'and tell the operator, who starts glance-lifecycle-worker or '
               'sets [lifecycle_transfer] run_in to child.')


class ImportCancelled(LifecycleError):
    message = ('The import was cancelled by the operator. The staged data '
               'are kept: ask for the import again, or delete the image.')


class KeyManagerError(LifecycleError):
    """The key manager could not answer; the same request may work later."""

    message = 'The key manager failed: {detail}'


class KeyManagerForbidden(KeyManagerError):
    """It answered, and said no; works once somebody grants access."""

    message = 'The key manager denied access: {detail}'


class ServiceError(LifecycleError):
    """The Image service, asked by its API; the same may work later.

    :param what: it was asked for
    :param service: which, if it is another
    """

    message = 'The {service} service did not {what}: {detail}'

    def __init__(self, **fields: Any) -> None:
        super().__init__(**{'service': 'Image', **fields})


class ServiceRefused(ServiceError):
    """It said no, and will again."""


class ImageBusy(LifecycleError):
    """Somebody else works on it now."""

    message = 'Image {image} is left alone for now: {detail}'


class ActionRefused(LifecycleError):
    """The worker looked again just before, and does not do it."""

    message = 'Nothing was done to image {image}: {detail}'


class UseUnknown(ActionRefused):
    """Whoever knows what needs the image cannot be asked now."""
