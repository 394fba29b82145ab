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

"""The alerts, the dashboard and the guide name only what is exported."""

from collections.abc import Iterator
import json
import pathlib
import re
import textwrap
from typing import Any

import testtools
import yaml

import glance_lifecycle
from glance_lifecycle.tests.unit.worker import exported
from glance_lifecycle.tests.unit.worker import promql

TOP = pathlib.Path(*glance_lifecycle.__path__).parent
RULES = TOP / 'etc/prometheus/glance-lifecycle-worker.rules.yml'
RULES_TEST = RULES.with_suffix('.test.yml')
DASHBOARD = TOP / 'etc/grafana/glance-lifecycle-worker.json'
GUIDE = TOP / 'doc/source/admin/worker-monitoring.rst'

# What Prometheus adds to all that it scrapes.
_TARGET = {'job', 'instance'}
_OF_PROMETHEUS: dict[str, dict[str, set[str]]] = {
    'up': {},
    'ALERTS': {'alertname': set(), 'alertstate': {'firing'}}}


class Known:
    """What is exported: of each name the labels, and of each label the
    values.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, dict[str, set[str]]] = {
            name: dict(labels) for name, labels in _OF_PROMETHEUS.items()}
        for family in exported.scraped():
            for sample in family.samples:
                labels = self.metrics.setdefault(sample.name, {})
                for name, value in sample.labels.items():
                    labels.setdefault(name, set()).add(value)

    def faults(self, expression: str) -> list[str]:
        """What in an expression is not exported."""
        found = promql.named(expression)
        faults = []
        labels = set(_TARGET)
        for selector in found.selectors:
            known = self.metrics.get(selector.metric)
            if known is None:
                faults.append(selector.metric)
                continue
            labels |= known.keys()
            faults += [
                f'{selector.metric}{{{name}{how}"{value}"}}'
                for name, how, value in selector.labels
                if not self._matches(known, name, how, value)]
        return faults + sorted(found.groups - labels)

    @staticmethod
    def _matches(known: dict[str, set[str]], name: str, how: str,
                 value: str) -> bool:
        """Whether a label is there, and has all these values."""
        if name in _TARGET:
            return True
        # A store has any name.
        if name not in known or name == 'store':
            return name in known
        values = value.split('|') if how in ('=~', '!~') else [value]
        return not known[name] or set(values) <= known[name]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())['groups']
    return [rule for group in groups for rule in group['rules']]


def dashboard_expressions() -> Iterator[str]:
    """Wherever in the file one stands."""
    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if 'expr' in value:
                yield value['expr']
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)
    yield from walk(json.loads(DASHBOARD.read_text()))


class AlertsTest(testtools.TestCase):

    def test_expressions(self) -> None:
        known = Known()
        found = {alert['alert']: known.faults(alert['expr'])
                 for alert in alerts()}
        self.assertEqual({name: [] for name in found}, found)

    def test_what_is_to_be_noticed(self) -> None:
        """There is an alert for each."""
        used = {(selector.metric.removeprefix('glance_lifecycle_worker_'),
                 *(value for _, _, value in selector.labels))
                for alert in alerts()
                for selector in promql.named(alert['expr']).selectors}
        self.assertEqual(set(), {
            ('up', 'glance-lifecycle-worker'),
            ('sweep_last_success_timestamp_seconds',),
            ('jobs_ended_total', 'failed'), ('jobs_ended_total', 'fenced'),
            ('oldest_due_job_age_seconds',), ('circuit_open',),
            ('jobs', 'held'), ('database_up',)} - used)

    def test_texts(self) -> None:
        for alert in alerts():
            notes = alert['annotations']
            self.assertIn(alert['labels']['severity'],
                          ('warning', 'critical'))
            for text in (notes['summary'], notes['description']):
                self.assertRegex(text, r'\.$', alert['alert'])
            found = promql.named(alert['expr'])
            labels = found.groups if found.grouped else {
                *_TARGET, *(name for selector in found.selectors
                            for name, _, _ in selector.labels)}
            told = set(re.findall(r'\$labels\.(\w+)', str(notes)))
            self.assertEqual(set(), told - labels, alert['alert'])

    def test_each_is_tried(self) -> None:
        """promtool does it; here only that none was forgotten."""
        text = RULES_TEST.read_text()
        for alert in alerts():
            fires = re.findall(
                r'alertname="%s".*\n.*\n +exp_samples:(.*)'
                % alert['alert'], text)
            self.assertEqual({'', '[]'}, {one.strip() for one in fires},
                             alert['alert'])

    def test_what_is_tried(self) -> None:
        known = Known()
        for test in yaml.safe_load(RULES_TEST.read_text())['tests']:
            for series in test['input_series']:
                self.assertEqual([], known.faults(series['series']))


class DashboardTest(testtools.TestCase):

    def test_expressions(self) -> None:
        known = Known()
        expressions = list(dashboard_expressions())
        self.assertGreater(len(expressions), 20)
        for expression in expressions:
            self.assertEqual([], known.faults(expression), expression)

    def test_variables(self) -> None:
        value = json.loads(DASHBOARD.read_text())
        variables = {one['name'] for one in value['templating']['list']}
        used = set(re.findall(r'\$\{?([a-z]\w*)', DASHBOARD.read_text()))
        self.assertEqual(variables, used)
        query = value['templating']['list'][1]['query']
        found = re.fullmatch(r'label_values\((\w+), (\w+)\)', query)
        assert found is not None
        self.assertEqual([], Known().faults(
            '%s{%s=~"x"}' % (found[1], found[2])))

    def test_panels(self) -> None:
        panels = json.loads(DASHBOARD.read_text())['panels']
        self.assertEqual(len(panels), len({one['id'] for one in panels}))
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            where = panel['gridPos']
            cells = {(x, y) for x in range(where['x'],
                                           where['x'] + where['w'])
                     for y in range(where['y'], where['y'] + where['h'])}
            self.assertEqual(set(), taken & cells, panel['title'])
            self.assertLessEqual(where['x'] + where['w'], 24)
            taken |= cells

    def test_all_of_ours_is_shown(self) -> None:
        """But for what only makes sense beside something else."""
        shown = {selector.metric for expression in dashboard_expressions()
                 for selector in promql.named(expression).selectors}
        ours = {re.sub('_(bucket|sum|count)$', '', name)
                for name in Known().metrics
                if name.startswith('glance_lifecycle_')}
        self.assertEqual(
            {'glance_lifecycle_worker_acts'},
            ours - {re.sub('_(bucket|sum|count)$', '', name)
                    for name in shown})


class GuideTest(testtools.TestCase):

    def test_table(self) -> None:
        """To write it anew: print rows()."""
        self.assertIn('\n'.join(rows()), GUIDE.read_text())

    def test_alerts(self) -> None:
        told = set(re.findall(r'``(GlanceLifecycle\w+)``',
                              GUIDE.read_text()))
        self.assertEqual({alert['alert'] for alert in alerts()}, told)


def rows() -> Iterator[str]:
    """The table of the guide, as it has to be."""
    for family in exported.families():
        if not family.name.startswith('glance_lifecycle_'):
            continue
        kind, name = family.type, family.name
        if kind == 'counter':
            name += '_total'
        elif kind == 'info':
            kind, name = 'gauge', name + '_info'
        labels = {name: None for sample in family.samples
                  for name in sample.labels if name != 'le'}
        yield f'   * - ``{name}``'
        yield f'     - {kind}'
        yield '     - ' + (', '.join(f'``{one}``' for one in labels) or 'none')
        text = textwrap.wrap(family.documentation, 72)
        yield '     - ' + '\n       '.join(text)


class CheckTest(testtools.TestCase):
    """The checks find what they look for."""

    def test_faults(self) -> None:
        known = Known()
        prefix = 'glance_lifecycle_worker_'
        for expression, faults in (
                (f'{prefix}job', [f'{prefix}job']),
                (f'sum by (kind) (rate({prefix}jobs_ended[5m]))',
                 [f'{prefix}jobs_ended', 'kind']),
                (f'{prefix}jobs{{stat="held"}}',
                 [f'{prefix}jobs{{stat="held"}}']),
                (f'{prefix}jobs{{state="hold"}} > 0',
                 [f'{prefix}jobs{{state="hold"}}']),
                (f'{prefix}jobs{{state=~"held|wait"}}',
                 [f'{prefix}jobs{{state=~"held|wait"}}']),
                (f'max by (shop) ({prefix}circuit_open)', ['shop']),
                (f'sum({prefix}job_duration_seconds_bucket) by (le)', []),
                (f'time() - (max({prefix}acts) or process_x) > 9',
                 ['process_x']),
                ('up offset', ['offset']),
                (f'a / on (instance) group_left (kind) {prefix}jobs',
                 ['a', 'kind'])):
            self.assertEqual(faults, known.faults(expression), expression)

    def test_not_understood(self) -> None:
        for expression in (
                '1 + 2', '{job="x"}', 'summ(up)', 'sum', 'sum by kind (up)',
                'up{job}', 'up{job="x" instance="y"}', 'up{job="x"',
                'up # x'):
            self.assertRaises(promql.NotUnderstood, promql.named, expression)
