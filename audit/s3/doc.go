// Package s3 keeps the files of an audit lake in Amazon S3, or in a server that speaks the
// protocol of S3. [Open] returns a [Store] for audit.Config.Store, and for package lake.
//
// Many services write to a Store at once, and none of them merges or deletes files. The command
// clew-audit compact merges files, in only one process at a time. The bucket's lifecycle rule
// deletes old files.
//
// Put, Delete and Lock rely on conditional writes (If-None-Match and If-Match). S3 supports such
// writes. On any other server, Lock checks that they work. The AWS SDK's configuration gives the
// credentials, the region and the endpoint. No error contains a credential.
package s3
