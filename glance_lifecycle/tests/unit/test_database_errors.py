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

"""What a database said is told without the values of the statement."""

import sqlite3

from oslo_db import exception as db_exception
from psycopg import errors
from psycopg import pq
from sqlalchemy import exc as sa_exc
import testtools

from glance_lifecycle import database_errors

STATEMENT = ('insert into t values (%s)', {'v': 'thesecret'})


class SaidTest(testtools.TestCase):

    def said(self, original: Exception) -> str:
        """As oslo.db raises it."""
        error = db_exception.DBError(sa_exc.IntegrityError(
            *STATEMENT, original))
        text = database_errors.said(error)
        self.assertNotIn('thesecret', text)
        return text

    def test_postgresql(self) -> None:
        """Its second line shows the row: here, where an image lies."""
        original = errors.NotNullViolation(
            'null value in column "status"\nDETAIL:  Failing row contains '
            '(1, swift+https://account:thesecret@host/c/o).',
            info={pq.DiagnosticField.MESSAGE_PRIMARY:
                  b'null value in column "status"'})
        self.assertIn('thesecret', str(original))
        self.assertEqual('NotNullViolation: null value in column "status"',
                         self.said(original))

    def test_others(self) -> None:
        self.assertEqual(
            'IntegrityError: column a is not unique',
            self.said(sqlite3.IntegrityError('column a is not unique')))

    def test_cause(self) -> None:
        try:
            raise RuntimeError('thesecret') from sa_exc.DataError(
                *STATEMENT, ValueError('too long'))
        except RuntimeError as error:
            self.assertEqual('ValueError: too long',
                             database_errors.said(error))

    def test_of_no_database(self) -> None:
        self.assertEqual('RuntimeError', database_errors.said(
            RuntimeError('thesecret')))
