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


"""HiGHS: a linear or integer programme, as arrays.

https://highs.dev; ``highspy`` brings it, and numpy.
"""

from collections.abc import Sequence
import ctypes
import dataclasses
import math
import os
import sys
from typing import Any

from glance_lifecycle import exceptions

# Above, the linear programme is rounded: it has few fractions, one a store.
_MOST_INTEGERS = 5000
_EXACT = 1e-6


class SolverMissing(exceptions.LifecycleError):
    """HiGHS is not installed."""

    message = ('The cheapest placement is searched with HiGHS, which is not '
               'installed: install highspy, or '
               '"glance-lifecycle[planning]".{detail}')


class NotSolved(exceptions.LifecycleError):
    """It found nothing, in the time that it had."""

    message = 'HiGHS found no placement: {detail}'


@dataclasses.dataclass(frozen=True)
class Programme:
    """Least cost: each group has as many as it has, each room is kept.

    :ivar costs: of one, by column
    :ivar groups: by column, the number of its group
    :ivar counts: by group
    :ivar takes: by column, what one takes of which rooms
    :ivar rooms: what there is
    """

    costs: Sequence[float]
    groups: Sequence[int]
    counts: Sequence[int]
    takes: Sequence[Sequence[tuple[int, float]]]
    rooms: Sequence[float]


@dataclasses.dataclass(frozen=True)
class Solved:
    """How many of each column, and what a unit of each room is worth."""

    chosen: Sequence[float]
    worth: Sequence[float]


def solve(programme: Programme, seconds: float) -> Solved:
    """The least cost.

    :raises SolverMissing: there is no HiGHS here
    :raises NotSolved: it fails
    """
    try:
        import highspy
    except ImportError:
        raise SolverMissing(detail='') from None
    highs = _made(highspy)
    for name, value in (('output_flag', False), ('threads', 1),
                        ('time_limit', seconds),
                        ('mip_rel_gap', _EXACT)):
        highs.setOptionValue(name, value)
    highs.passModel(_model(highspy, programme))
    highs.run()
    solution = highs.getSolution()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise NotSolved(detail=highs.modelStatusToString(
            highs.getModelStatus()))
    first = len(programme.counts)
    worth = [max(0.0, -one) for one in list(solution.row_dual)[first:]]
    chosen = list(solution.col_value)
    if len(chosen) <= _MOST_INTEGERS and not _whole(chosen):
        import numpy
        highs.changeColsIntegrality(
            len(chosen), numpy.arange(len(chosen), dtype=numpy.int32),
            numpy.full(len(chosen), highspy.HighsVarType.kInteger.value,
                       dtype=numpy.uint8))
        highs.run()
        if highs.getInfo().primal_solution_status == (
                highspy.SolutionStatus.kSolutionStatusFeasible.value):
            chosen = list(highs.getSolution().col_value)
    return Solved(chosen, worth)


def _made(highspy: Any) -> Any:
    """A solver that says nothing.

    Version 1.16 prints two lines with C's stdio as one is made, whatever its
    options: they would stand in the JSON of a command.
    """
    sys.stdout.flush()
    stdout = os.dup(1)
    try:
        with open(os.devnull, 'wb') as null:
            os.dup2(null.fileno(), 1)
        highs = highspy.Highs()
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
    return highs


def _whole(values: Sequence[float]) -> bool:
    return all(abs(one - round(one)) < _EXACT for one in values)


def _model(highspy: Any, programme: Programme) -> Any:
    import numpy
    columns, groups = len(programme.costs), len(programme.counts)
    starts, rows, values = [0], [], []
    for group, takes in zip(programme.groups, programme.takes, strict=True):
        rows.append(group)
        values.append(1.0)
        for room, value in takes:
            rows.append(groups + room)
            values.append(value)
        starts.append(len(rows))
    model = highspy.HighsLp()
    model.num_col_ = columns
    model.num_row_ = groups + len(programme.rooms)
    model.col_cost_ = numpy.array(programme.costs, dtype=float)
    model.col_lower_ = numpy.zeros(columns)
    model.col_upper_ = numpy.full(columns, math.inf)
    model.row_lower_ = numpy.array(
        [*programme.counts, *(-math.inf for _one in programme.rooms)],
        dtype=float)
    model.row_upper_ = numpy.array(
        [*programme.counts, *programme.rooms], dtype=float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = numpy.array(starts, dtype=numpy.int32)
    model.a_matrix_.index_ = numpy.array(rows, dtype=numpy.int32)
    model.a_matrix_.value_ = numpy.array(values, dtype=float)
    return model
