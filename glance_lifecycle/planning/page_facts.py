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

"""What the report shows of a plan: now, and with the cheapest placement.

The placement is the one that "advise" finds. Of a large catalogue, finding it
takes longer than a report may: then it is what "advise" has saved.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import compared
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import matrix
from glance_lifecycle.planning import placement
from glance_lifecycle.planning import report
from glance_lifecycle.planning import sensitivity
from glance_lifecycle.planning import sizes
from glance_lifecycle.planning import solver

#: Images of a catalogue whose placement is searched for a page.
MOST_SEARCHED = 10_000
#: That the solver may take of a page.
SECONDS = 3.0

_SAVE = ('save it with "advise --cloud CLOUD --save-placement FILE", and name '
         'FILE with --placement')

# Service, consumer, condition -> images and disks.
_NotCloned = dict[tuple[str, str, str], list[float]]


def page(cloud: clouds.Cloud, saved: dict[str, Any] | None = None
         ) -> dict[str, Any]:
    """Numbers are in bytes, seconds, and the currency of the cloud.

    :param saved: of ``placement_file``, made of the same facts
    """
    if saved is None:
        plan = layout.plan(cloud)
        decided: layout.Decision = plan
        then, why_not = _then(cloud, plan)
    else:
        # It says where images would be: to place them all takes long.
        decided = layout.decided(cloud)
        then, why_not = saved, ''
    before = compared.before(cloud, decided.totals)
    held = {one['name']: one for one in then['stores']}
    return {
        'currency': cloud.currency, 'placed': not why_not,
        'why_not': why_not, 'gap': then.get('gap'),
        'keeps': then.get('keeps'), 'policy': then.get('policy', False),
        'before': report.totals(before), 'after': then['totals'],
        'stores': [{**one, 'after': held[one['name']]}
                   for one in report.stores(cloud, before=before)],
        'not_cloned': list(_not_cloned(cloud)),
        'sensitivity': [dataclasses.asdict(one)
                        for one in sensitivity.changes(cloud, decided)],
        'sources': report.sources(cloud)}


def placed(cloud: clouds.Cloud, found: placement.Placement
           ) -> dict[str, Any]:
    """What is shown, and saved, of a placement."""
    totals = compared.placed(cloud, found.images, matrix.SHOWN)
    return {'keeps': 'advised' if found.advised else 'today',
            'policy': found.wants is not None,
            'gap': round(found.result.gap, 6),
            # As "advise" says it.
            'totals': {**report.totals(totals),
                       'cost': round(found.result.cost, 6)},
            'stores': _held(cloud, totals)}


def _then(cloud: clouds.Cloud, plan: layout.Plan
          ) -> tuple[dict[str, Any], str]:
    """As it would be, and why that is no placement: a sentence, or ''."""
    found, why_not = _searched(cloud, plan)
    if found is not None:
        return found, ''
    after = compared.after(cloud, plan)
    return {'totals': report.totals(after),
            'stores': _held(cloud, after)}, why_not


def _searched(cloud: clouds.Cloud, plan: layout.Plan
              ) -> tuple[dict[str, Any] | None, str]:
    """The placement; None, and why there is none: a sentence."""
    if len(cloud.images) > MOST_SEARCHED:
        return None, ('Of more than %d images, the cheapest placement is not '
                      'searched here: %s.' % (MOST_SEARCHED, _SAVE))
    try:
        return placed(cloud, placement.search(
            cloud, plan, seconds=SECONDS)), ''
    except solver.SolverMissing:
        return None, ('HiGHS is not installed here, with which the cheapest '
                      'placement is searched: install '
                      '"glance-lifecycle[planning]".')
    except solver.NotSolved:
        return None, ('The cheapest placement was not found in %d seconds: '
                      '%s.' % (SECONDS, _SAVE))


def _held(cloud: clouds.Cloud, totals: compared.Totals
          ) -> list[dict[str, Any]]:
    return [{'name': one.name, 'stored': round(held.stored),
             'cost': round(held.cost, 6)}
            for one in cloud.stores
            for held in (totals.stores[one.name],)]


def _not_cloned(cloud: clouds.Cloud) -> Iterator[dict[str, Any]]:
    """Today, by consumer and condition: the most disks first."""
    found: _NotCloned = {}
    for image in cloud.images:
        if not image.used:
            continue
        kind = image.kind
        copies = copy_on_write.ordered(image.copies)
        for place, disks in cloud.demand(image):
            how = matrix.way(cloud, kind, sizes.disk_format(image, kind),
                             copies, cloud.glance, place)
            if not how.cloned:
                _count(found, cloud.consumers[place], how, disks)
    for (service, name, condition), (images, disks) in sorted(
            found.items(), key=lambda one: -one[1][1]):
        yield {'service': service, 'name': name, 'condition': condition,
               'images': int(images), 'disks_per_week': disks}


def _count(found: _NotCloned, consumer: clouds.Consumer, how: boots.Way,
           disks: float) -> None:
    key = (consumer.service, consumer.name,
           how.failed.condition.value if how.failed else '')
    sums = found.setdefault(key, [0, 0.0])
    sums[0] += 1
    sums[1] += disks
