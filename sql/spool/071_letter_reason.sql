-- Why a letter stays, where that was found out after it was written; ''
-- otherwise. A row with nothing else is of a letter that is still pending.
ALTER TABLE letter ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE letter ADD COLUMN error TEXT NOT NULL DEFAULT '';
