// Package s3 keeps the files of an audit lake in Amazon S3, or in a server that speaks its
// protocol. [Open] returns a [Store] for audit.Config.Store, and for package lake.
//
// Many services write to a Store at once, and none of them merges or deletes files. The command
// clew-audit compact merges, in one process at a time, and the bucket's lifecycle rule deletes old
// files.
//
// Put, Delete and Lock rely on conditional writes (If-None-Match and If-Match). S3 has them, and
// Lock finds out whether another server has them. Credentials, region and endpoint are those of
// the AWS SDK. No error names a credential.
package s3
