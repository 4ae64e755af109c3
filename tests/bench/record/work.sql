-- SPDX-License-Identifier: MIT
-- What the database is recorded with, before the statements that record.sh makes: two tables, filled, with an index each.
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER, text TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, item INTEGER REFERENCES item, day INTEGER, amount INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO item SELECT i, 'item ' || i, i * 37 % 1000, printf('%.*c', i * 13 % 400, 'x') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
INSERT INTO sale SELECT i, 1 + i * 7919 % 3000, i / 100, i % 9 FROM n;
CREATE INDEX sale_item ON sale (item, day);
CREATE INDEX item_name ON item (name);
