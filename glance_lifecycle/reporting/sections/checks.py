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

"""What the doctor has found."""

from typing import Any

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_COMMAND = 'doctor --live'
_COLUMNS = (
    model.Column('severity', 'Severity'), model.Column('code', 'Code'),
    model.Column('title', 'What'), model.Column('subject', 'Where'),
    model.Column('hosts', 'Hosts', model.Unit.COUNT),
    model.Column('remedy', 'What to do'))
_SUMS = (model.Column('severity', 'Severity'),
         model.Column('findings', 'Findings', model.Unit.COUNT))


def section(told: model.Told[dict[str, Any]]) -> model.Section:
    """:param told: what ``audit.doctor.report.data()`` says"""
    about = 'What is wrong with the configuration and the services.'
    if isinstance(told, model.NotAsked):
        return model.Section('health', 'Health', about, not_asked=told.why)
    found = [one for one in told['findings'] if one['muted'] is None]
    summary = told['summary']
    worst = next((severity for severity in model.Severity
                  if summary[severity]), None)
    checks = words.counted(len(told['checks']), 'check')
    where = ', '.join(filter(None, (
        told['hosts'] and words.counted(len(told['hosts']), 'host'),
        told['files'] and words.counted(told['files'], 'file'),
        'the running services' if told['asked'] else '')))
    return model.Section(
        'health', 'Health', about, key='findings',
        figures=(model.Figure(
            'findings', 'Errors and warnings', summary['error'] + summary[
                'warning'], model.Unit.COUNT, model.Source.READ, _COMMAND,
            '%s of %s.' % (checks, where), None if worst in (
                None, model.Severity.INFO) else worst),),
        tables=(
            model.table(
                'severities', 'Findings by severity', _SUMS,
                [(str(severity), summary[severity])
                 for severity in model.Severity], model.Source.READ, _COMMAND,
                chart=model.Chart('Findings by severity', 'severity',
                                  ('findings',))),
            model.table('findings', 'Findings, the worst first', _COLUMNS, [
                (one['severity'], one['code'], one['title'], one['subject'],
                 len(one['hosts']), one['remedy'])
                for one in found[:model.MOST_ROWS]],
                model.Source.READ, _COMMAND, total=len(found))),
        notes=tuple([
            '%s muted, with a reason each.' % words.counted(
                summary['muted'], 'finding is', 'findings are')]
            if summary['muted'] else []),
        decisions=tuple(
            model.Decision(severity, '%s in the configuration or the '
                           'services: %s.' % (words.counted(
                               summary[severity], said), ', '.join(
                                   dict.fromkeys(
                                       one['code'] for one in found
                                       if one['severity'] == severity))),
                           _COMMAND)
            for severity, said in ((model.Severity.ERROR, 'error'),
                                   (model.Severity.WARNING, 'warning'))
            if summary[severity]))
