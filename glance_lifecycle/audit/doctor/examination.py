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

"""All checks over all hosts, and what they found put together."""

from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import dataclasses
import importlib.metadata
import pathlib

from oslo_log import log as logging

from glance_lifecycle.audit.doctor import beside
from glance_lifecycle.audit.doctor import check as checks
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding
from glance_lifecycle import exceptions

LOG = logging.getLogger(__name__)

# Shown of one finding that stands in many places.
_MOST_PLACES = 50


@dataclasses.dataclass(frozen=True)
class Examination:
    """What was looked at, and what was found.

    :ivar files: how many were read
    :ivar checks: codes of those that were made
    :ivar asked: address of the glance-api that was; None if none was
    :ivar findings: the worst first
    """

    release: int
    hosts: tuple[str, ...]
    files: int
    settings: int
    checks: tuple[str, ...]
    asked: str | None
    findings: tuple[finding.Finding, ...]


def gathered(directories: Sequence[tuple[str, pathlib.Path]], release: int,
             *, local: bool, given: beside.Given = beside.Given(),
             policies: pathlib.Path | None = None,
             here: facts.Facts | None = None) -> list[hosts.Host]:
    """The hosts whose configuration lies in these directories.

    :param directories: name of the host, and the directory
    :param local: they are this host's own, not copies of others'
    :param given: files beside them
    :param policies: directory with Glance's own policies, of all
    :param here: facts of the host on which this runs, if it is theirs
    :raises InputRefused: there is no configuration in one
    """
    made = []
    for name, path in directories:
        directory = files.found(path, local=local)
        if directory is None:
            raise exceptions.InputRefused(detail=(
                'There is no glance-api.conf in %s. Name a directory like '
                '/etc/glance, or one that holds it as etc/glance.' % path))
        made.append(hosts.Host(
            name, directory, release, given,
            None if policies is None else files.Directory(policies), here))
    return made


def examine(found: Sequence[hosts.Host],
            kinds: Iterable[type[checks.Check]],
            live: lives.Live | None = None) -> Examination:
    """Make the checks of the hosts' release.

    :param live: what the running services said; None if they were not asked
    """
    release = found[0].release if found else options.NEWEST
    made = [kind for kind in kinds if release in kind.releases
            and (live if issubclass(kind, checks.LiveCheck) else found)]
    findings = [one for kind in made
                for one in _findings(kind(), found, live)]
    # One that the command line named is beside each of them.
    services = {id(each): each for one in found
                for each in one.beside.services}.values()
    read = [*(file for one in found for file in one.files),
            *(file for one in services for file in one.files)]
    return Examination(
        release=release, hosts=tuple(one.name for one in found),
        files=len(read),
        settings=sum(len(file.parsed.settings) for file in read),
        checks=tuple(kind.code for kind in made),
        asked=None if live is None else live.endpoint,
        findings=tuple(sorted(_together(findings), key=_order)))


def _findings(check: checks.Check, found: Sequence[hosts.Host],
              live: lives.Live | None) -> list[finding.Finding]:
    """Of one check. If it fails, the others are made all the same."""
    try:
        judged = list(check.cloud(found))
        if live is not None and isinstance(check, checks.LiveCheck):
            # A value that a report has taken away is judged by nobody.
            with contextlib.suppress(masking.Hidden):
                judged += check.live(live, found)
        return judged
    except Exception as error:
        LOG.exception('The check %s failed.', check.code)
        return [check.found(
            found, 'the check %s' % check.code,
            'The check failed in an unexpected way (%s), and what it looks '
            'for was not looked at.' % type(error).__name__,
            'Run the command with --debug, and report what it prints as a '
            'bug of the package that the check is from.',
            severity=checks.UNKNOWN)]


def installed_release() -> int:
    """Of the Glance that is installed here, or else the newest known."""
    try:
        version = importlib.metadata.version('glance')
        number = int(version.partition('.')[0])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return options.NEWEST
    return number if number in options.RELEASES else options.NEWEST


def _order(one: finding.Finding) -> tuple[int, str, str]:
    return one.severity.rank, one.code, one.subject


def _together(found: Iterable[finding.Finding]) -> list[finding.Finding]:
    """The same on several hosts is one finding."""
    groups: dict[tuple[str, ...], list[finding.Finding]] = {}
    for one in found:
        groups.setdefault((
            one.code, one.severity, one.subject, one.evidence, one.remedy),
            []).append(one)
    return [dataclasses.replace(
        group[0],
        hosts=tuple(dict.fromkeys(
            host for one in group for host in one.hosts)),
        places=tuple(dict.fromkeys(
            place for one in group for place in one.places))[:_MOST_PLACES])
        for group in groups.values()]
