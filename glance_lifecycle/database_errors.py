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

"""What SQLAlchemy and oslo.db raise: of what kind it is, and what it says."""

from oslo_db import exception as db_exception
from sqlalchemy import exc as sa_exc

#: The same statement fails again, whenever it is tried. All else that a
#: database says may pass: a deadlock, Galera's conflicts, a primary that is
#: read-only since another has taken over, a server that starts.
LASTING = (
    db_exception.DBDuplicateEntry, db_exception.DBConstraintError,
    db_exception.DBReferenceError, db_exception.DBDataError,
    db_exception.DBInvalidUnicodeParameter,
    db_exception.DBNonExistentTable, db_exception.DBNonExistentConstraint,
    db_exception.DBNonExistentDatabase, db_exception.DBNotSupportedError)

#: What a database that is away, or busy, makes of a call.
ERRORS = (db_exception.DBError, db_exception.RetryRequest,
          sa_exc.SQLAlchemyError)


def said(error: BaseException) -> str:
    """What the database said, without the statement and its values.

    One of them may be a location, which for Swift holds the account's key.
    """
    found: BaseException | None = error
    while found is not None:
        original = getattr(found, 'orig', None)
        if original is not None:
            # PostgreSQL's second line may show the whole row.
            diagnosis = getattr(original, 'diag', None)
            text = getattr(diagnosis, 'message_primary', None) or original
            return '%s: %s' % (type(original).__name__, text)
        found = getattr(found, 'inner_exception', None) or found.__cause__
    return type(error).__name__
