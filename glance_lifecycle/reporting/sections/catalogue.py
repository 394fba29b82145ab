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

"""What images there are: by store, format, visibility and class."""

from collections import Counter
import dataclasses

from glance_lifecycle.audit import catalogue
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_LIST = 'drift list'
# Formats that are told apart in the chart; the others are one.
_MOST_FORMATS = 4
_OTHERS = 'other formats'


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """:ivar classes: None where there is no policy"""

    counted: catalogue.Catalogue
    classes: catalogue.Classes | None = None


def section(told: model.Told[Catalogue]) -> model.Section:
    about = ('The images that your credentials show, as Glance knows them: '
             'sizes are those of the files, holes included.')
    if isinstance(told, model.NotAsked):
        return model.Section('catalogue', 'Catalogue', about,
                             not_asked=told.why)
    found = told.counted
    settled = found.formats.total()
    stuck = found.images - settled
    return model.Section(
        'catalogue', 'Catalogue', about, key='images',
        figures=(
            model.Figure('images', 'Images', found.images, model.Unit.COUNT,
                         model.Source.READ, _LIST, _not_active(stuck)),
            model.Figure('copies', 'Copies in stores', found.stores.total(),
                         model.Unit.COUNT, model.Source.READ, 'store show'),
            model.Figure('bytes', 'Bytes of all copies', found.bytes,
                         model.Unit.BYTES, model.Source.READ, 'store show')),
        tables=(_stores(found), *_classes(told.classes), _sums(
            'formats', 'Images by disk format', 'Disk format', found.formats,
            found.held), _visibility(found)),
        notes=() if told.classes else (
            'Classes are not told: there is no policy. Name one with '
            '--policy.',))


def _not_active(stuck: int) -> str:
    return '' if not stuck else (
        '%s neither active nor deactivated: being imported, or stuck.'
        % words.counted(stuck, 'is', 'are'))


def _stores(found: catalogue.Catalogue) -> model.Table:
    most = [name for name, _held in found.held.most_common(_MOST_FORMATS)]
    parts = [*most, *([_OTHERS] if len(found.formats) > len(most) else [])]
    totals = Counter({store: sum(found.copies[store, name]
                                 for name in found.formats)
                      for store in sorted(found.stores)})
    rows: list[tuple[model.Value, ...]] = []
    for store, total in totals.most_common():
        held = [found.copies[store, name] for name in most]
        if len(parts) > len(most):
            held.append(total - sum(held))
        rows.append((store, found.stores[store], *held, total))
    return model.table(
        'stores', 'Copies by store and disk format', (
            model.Column('store', 'Store'),
            model.Column('copies', 'Copies', model.Unit.COUNT),
            *(model.Column('bytes of ' + name, name, model.Unit.BYTES)
              for name in parts),
            model.Column('bytes', 'Bytes', model.Unit.BYTES)),
        rows, model.Source.READ, 'store show', chart=model.Chart(
            'Bytes by store and disk format', 'store',
            tuple('bytes of ' + name for name in parts)))


def _classes(classes: catalogue.Classes | None) -> list[model.Table]:
    return [] if classes is None else [_sums(
        'classes', 'Images by class: the first rule of the policy that '
        'decides about them', 'Class', classes.images, classes.held,
        'policy explain', 'Images by class')]


def _sums(name: str, caption: str, title: str,
          images: Counter[str],
          held: Counter[str], command: str = _LIST,
          chart: str = '') -> model.Table:
    return model.table(
        name, caption, (
            model.Column(name, title),
            model.Column('images', 'Images', model.Unit.COUNT),
            model.Column('bytes', 'Bytes of one copy', model.Unit.BYTES)),
        [(key, number, held[key])
         for key, number in images.most_common(model.MOST_ROWS)],
        model.Source.READ, command, total=len(images),
        chart=model.Chart(chart, name, ('images',)) if chart else None)


def _visibility(found: catalogue.Catalogue) -> model.Table:
    return model.table(
        'visibility', 'Images by visibility', (
            model.Column('visibility', 'Visibility'),
            model.Column('images', 'Images', model.Unit.COUNT)),
        found.visibility.most_common(), model.Source.READ, _LIST)
