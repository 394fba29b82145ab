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

"""Which images are signed, and what is wrong with signatures."""

import dataclasses

from glance_lifecycle.audit import catalogue as catalogues
from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_COMMAND = 'signature audit'


@dataclasses.dataclass(frozen=True)
class Signatures:
    """:ivar findings: what the audit found; or why there is none"""

    catalogue: catalogues.Catalogue
    findings: model.Told[counted.Findings]


def section(told: model.Told[Signatures]) -> model.Section:
    about = ('Images with a signature, and what is wrong with signatures and '
             'certificates. Images that are signed are not thereby verified.')
    if isinstance(told, model.NotAsked):
        return model.Section('signatures', 'Signatures', about,
                             not_asked=told.why)
    found = told.catalogue.signatures
    signed = _of(told.catalogue, catalogues.SIGNED)
    judged, not_judged = (None, told.findings) if isinstance(
        told.findings, model.NotAsked) else (told.findings, None)
    errors = judged.of(model.Severity.ERROR) if judged else 0
    return model.Section(
        'signatures', 'Signatures', about, key='signed',
        figures=(
            model.Figure(
                'signed', 'Images signed', 100 * signed / found.total()
                if found else None, model.Unit.PERCENT, model.Source.READ,
                _COMMAND, '%s of %s.' % (f'{signed:,d}',
                                         words.counted(found.total(),
                                                       'image'))),
            model.Figure(
                'signature_errors', 'Bad signatures or certificates',
                errors if judged else None, model.Unit.COUNT,
                model.Source.READ, _COMMAND,
                severity=model.Severity.ERROR if errors else None)),
        tables=(_coverage(told.catalogue), *(
            _findings(judged) if judged else ())),
        notes=() if not_judged is None else (
            'The signatures were not judged. %s' % not_judged.why,),
        decisions=tuple(_decisions(judged)) if judged else ())


def _of(catalogue: catalogues.Catalogue, which: str) -> int:
    return sum(number for (_visibility, each), number
               in catalogue.signatures.items() if each == which)


def _coverage(catalogue: catalogues.Catalogue) -> model.Table:
    kinds = (catalogues.SIGNED, catalogues.NOT_SIGNED, catalogues.MALFORMED)
    return model.table(
        'coverage', 'Images by visibility and signature', (
            model.Column('visibility', 'Visibility'),
            *(model.Column(kind, kind.capitalize(), model.Unit.COUNT)
              for kind in kinds)),
        [(visibility, *(catalogue.signatures[visibility, kind]
                        for kind in kinds))
         for visibility, _number in catalogue.visibility.most_common()],
        model.Source.READ, _COMMAND, chart=model.Chart(
            'Images by visibility and signature', 'visibility', kinds))


def _findings(found: counted.Findings) -> list[model.Table]:
    if not found.total:
        return []
    return [model.table(
        'findings', 'Findings on signatures', (
            model.Column('severity', 'Severity'),
            model.Column('code', 'Code'),
            model.Column('findings', 'Findings', model.Unit.COUNT)),
        [(str(severity), code, number) for (code, severity), number in sorted(
            found.count.items(), key=lambda one: (
                one[0][1].rank, -one[1], one[0][0]))],
        model.Source.READ, _COMMAND), model.table(
        'worst', 'The worst of them', (
            model.Column('severity', 'Severity'),
            model.Column('image', 'Image'),
            model.Column('evidence', 'Evidence'),
            model.Column('remedy', 'What to do')),
        [(str(one.severity), one.subject, one.evidence, one.remedy)
         for one in found.worst],
        model.Source.READ, _COMMAND, total=found.total)]


def _decisions(found: counted.Findings) -> list[model.Decision]:
    return [model.Decision(
        severity, '%s on signatures or certificates.' % words.counted(
            found.of(severity), said), _COMMAND)
        for severity, said in ((model.Severity.ERROR, 'error'),
                               (model.Severity.WARNING, 'warning'))
        if found.of(severity)]
