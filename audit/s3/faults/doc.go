// Package faults contains the tests of audit/s3 with gofakes3, an S3 in memory, which is made to
// fail as S3 and networks do. The tests are a separate module, so that users of audit/s3 do not
// require gofakes3.
package faults
