// Package store keeps documents, in a folder or in Redis.
//
// Folder: the files are the truth, edited by hand or through the admin API. Revisions, history and audit are a journal
// below the data folder, never in the folder of the documents.
//
// Redis: for a fleet. A revision is made by one script, so that two replicas cannot both win; every replica keeps a
// local copy of what it last read, and starts from that when Redis does not answer.
//
// Both are tenants.Store and pass one contract test.
package store
