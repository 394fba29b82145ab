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

"""What the doctor says of the Glance of this demonstration."""

import collections
import pathlib

from demo import screen
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit import finding


def show(etc: pathlib.Path) -> list[str]:
    """Say whether all is well, and why.

    :param etc: what is /etc/glance of that Glance
    :returns: what is not
    """
    kinds = check.load_all()
    found = examination.examine(examination.gathered(
        [('demo', etc)], examination.installed_release(), local=True), kinds)
    wrong = [f'{one.code} {one.subject}: {one.evidence}'
             for one in found.findings
             if one.severity is not finding.Severity.INFO]
    screen.row('doctor', 'Not well' if wrong else 'All well',
               f'{len(found.checks)} checks, {found.files} files, '
               f'{found.settings} options')
    subjects = collections.Counter(
        kind.subject() for kind in kinds if kind.code in found.checks)
    for number, (subject, count) in enumerate(subjects.items()):
        screen.row('' if number else 'looked at', subject, f'{count} checks')
    for one in found.findings:
        if one.severity is finding.Severity.INFO:
            screen.row(one.code, one.evidence, 'nothing is wrong')
    return wrong
