// Package faults is the tests of audit/s3 with an S3 in memory, gofakes3, that fails as S3 and its
// networks do. They are a module of their own so that nobody who uses audit/s3 requires gofakes3.
package faults
