-- The accounts that were erased: a backup of a folder that the data is moved to must not bring them back.
CREATE TABLE erased (user_id uuid PRIMARY KEY);
