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

"""A check: what it looks for, why, and what that looks like.

Its class is its page in the documentation, and what ``doctor explain``
prints: the text under the class, and the examples, which the tests run.
"""

import abc
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import inspect
import operator
import re
from typing import Any
from typing import ClassVar

import stevedore

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding
from glance_lifecycle import exceptions

NAMESPACE = 'glance_lifecycle.checks'

# Others' begin with other letters.
_CODE = re.compile(r'[A-Z]{3,8}\d{3}')

ERROR = finding.Severity.ERROR
UNKNOWN = finding.Severity.UNKNOWN
WARNING = finding.Severity.WARNING
INFO = finding.Severity.INFO

#: name of a file -> its text; ``HOST/file`` for one host of several
Files = Mapping[str, str]

#: What a finding may be on.
Where = hosts.Host | services.Service

#: What the number of a check says it is about.
SUBJECTS = {
    '1': 'Files and options', '2': 'Stores', '3': 'Staging',
    '4': 'Import', '5': 'Several hosts', '6': 'Image lifecycle',
    '7': 'The API and who may do what', '8': 'Nova, Cinder and Ceph',
    '9': 'The running services'}


class Check(abc.ABC):
    """Base of all; one that compares hosts implements ``cloud()``.

    :cvar code: GLC and three digits; the first is its subject
    :cvar severity: of what it finds, unless a finding says otherwise
    :cvar releases: of Glance that it applies to
    :cvar bad: examples that must produce its finding
    :cvar good: examples that must not
    """

    code: ClassVar[str]
    severity: ClassVar[finding.Severity] = WARNING
    releases: ClassVar[tuple[int, ...]] = options.RELEASES
    bad: ClassVar[Sequence[Files]] = ()
    good: ClassVar[Sequence[Files]] = ()

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        """What is wrong with these hosts."""
        for one in found:
            # A value that a report has taken away is judged by nobody.
            with contextlib.suppress(hosts.Hidden):
                yield from self.host(one)

    def host(self, host: hosts.Host) -> Iterable[finding.Finding]:
        """What is wrong with one host."""
        return ()

    def found(self, host: 'Where | Sequence[Where]', subject: str,
              evidence: str, remedy: str,
              *places: ini.Setting | finding.Place | None,
              severity: finding.Severity | None = None,
              destructive: bool = False) -> finding.Finding:
        """A finding of this check.

        :param host: on which, or all of them; none for a service as such
        :param places: where it stands: settings of that host, or places
        """
        found = list(host) if isinstance(host, Sequence) else [host]
        return finding.Finding(
            code=self.code, severity=severity or self.severity,
            subject=masking.sentence(masking.name(subject)),
            evidence=masking.sentence(evidence),
            remedy=masking.sentence(remedy), destructive=destructive,
            hosts=tuple(one.name for one in found),
            places=tuple(
                found[0].place(one) if isinstance(one, ini.Setting) else one
                for one in places if one is not None))

    @classmethod
    def title(cls) -> str:
        """The first sentence of its text."""
        return cls.text().split('\n\n')[0].replace('\n', ' ')

    @classmethod
    def text(cls) -> str:
        return inspect.cleandoc(cls.__doc__ or '')

    @classmethod
    def why(cls) -> str:
        """Its text after the title, in one line."""
        return ' '.join(cls.text().partition('\n\n')[2].split())

    @classmethod
    def subject(cls) -> str:
        return SUBJECTS[cls.code[3]]


class ServiceCheck(Check):
    """One of what stands beside Glance: where that is not at hand, nothing.

    :cvar kind: of the service
    """

    kind: ClassVar[str]

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for one in host.beside.of(self.kind):
            with contextlib.suppress(hosts.Hidden):
                yield from self.service(host, one)

    @abc.abstractmethod
    def service(self, host: hosts.Host, service: services.Service
                ) -> Iterable[finding.Finding]:
        """What is wrong with one of the services beside a host's Glance."""


class LiveCheck(Check):
    """One of what the running services say, made with ``--live`` only."""

    @abc.abstractmethod
    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        """What is wrong with them, beside the files of these hosts."""


def load(code: str) -> type[Check]:
    """The check of that code.

    :raises ConfigurationError: there is none, or it cannot be loaded
    """
    found = stevedore.NamedExtensionManager(
        NAMESPACE, [code], on_load_failure_callback=_failed)
    if code not in found:
        raise exceptions.InputRefused(detail=(
            'There is no check %s. "openstack image lifecycle doctor explain" '
            'lists them all.' % masking.name(code)))
    return _named(found[code])


def load_all() -> list[type[Check]]:
    """All that are installed, by their codes.

    :raises ConfigurationError: one cannot be loaded: what it looks for would
        be missed
    """
    return [_named(found) for found in sorted(
        stevedore.ExtensionManager(
            NAMESPACE, on_load_failure_callback=_failed),
        key=operator.attrgetter('name'))]


def _failed(_manager: Any, entry: Any, error: BaseException) -> None:
    raise exceptions.ConfigurationError(
        detail='the check %s cannot be loaded (%s). Reinstall the package '
        'that brought it.' % (entry.name, type(error).__name__),
        operator=str(error)) from None


def _named(found: Any) -> type[Check]:
    loaded: type[Check] = found.plugin
    if loaded.code != found.name or not _CODE.fullmatch(found.name):
        raise exceptions.ConfigurationError(detail=(
            'the check %s says that it is %s.' % (found.name, loaded.code)))
    return loaded
