// Package s3 keeps the files of an audit lake in Amazon S3, or in a server that speaks its
// protocol. [Open] returns a [Store] for audit.Config.Store, and for package lake.
//
// A Store is written by many services at once, none of which merges or deletes files:
// clew-audit compact does that, in one process at a time, and the bucket's lifecycle rule deletes
// what is old.
//
// Put, Delete and Lock rely on conditional writes (If-None-Match and If-Match), which S3 has, and
// a server without them is found out by Lock. Credentials, region and endpoint are those of the
// AWS SDK. No error names a credential.
package s3
