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

"""A decision path: questions with their answers, and where they end."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses

from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_ANSWERS = {True: 'yes', False: 'no', None: 'unknown'}

NAME_IMAGE = 'Name the image.'
GIVE_CONFIG = ('Give the configuration of glance-api: --config-dir on its '
               'host, or --host NAME=DIRECTORY for each host.')
GIVE_NOVA = 'Give --nova-conf of the compute.'
GIVE_CINDER = ('Give --cinder-conf of cinder-volume, if servers boot from '
               'volumes.')


@dataclasses.dataclass(frozen=True)
class Step:
    """One question.

    :ivar answer: yes, no or unknown
    :ivar evidence: a sentence; empty where nothing is known
    """

    question: str
    answer: str
    evidence: str = ''


class Path:
    """What was asked on the way, what was found, and what is not known."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.findings: list[finding.Finding] = []
        self.needed: list[str] = []

    def ask(self, question: str, answer: bool | None, evidence: str = '',
            needed: str = '') -> bool | None:
        """A step.

        :param needed: what would tell the answer where it is not known
        """
        self.steps.append(Step(masking.plain(question), _ANSWERS[answer],
                               masking.plain(evidence)))
        if answer is None and needed:
            self.need(needed)
        return answer

    def need(self, text: str) -> None:
        if text not in self.needed:
            self.needed.append(text)

    def found(self, findings: Iterable[finding.Finding]) -> None:
        self.findings += findings

    def find(self, what: page.Page, subject: str, evidence: str, remedy: str,
             *places: finding.Place, host: str = '',
             severity: finding.Severity | None = None,
             destructive: bool = False) -> None:
        """A finding of a symptom's own."""
        self.findings.append(finding.Finding(
            what.code, severity or what.severity, masking.name(subject),
            masking.plain(evidence), masking.plain(remedy), destructive,
            (masking.name(host),) if host else (), places))

    def ended(self) -> list[finding.Finding]:
        """All that was found, once, the worst first."""
        return sorted(dict.fromkeys(self.findings), key=lambda one: (
            one.severity.rank, one.code, one.subject))


#: Walks a path with what is known.
Walk = Callable[[knowns.Known, Path], None]
