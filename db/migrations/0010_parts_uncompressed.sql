-- Ciphertext does not compress, but PostgreSQL tries, and in base64 it finds just enough repetition not to give up: that was
-- more than half of the cost of storing a message. Parts that are there already stay as they are and are read like new ones.
ALTER TABLE "message_parts" ALTER COLUMN "jwe" SET STORAGE EXTERNAL;
