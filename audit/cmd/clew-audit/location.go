package main

import (
	"cmp"
	"net/url"
	"path/filepath"
	"strings"
)

// location says where the files are. It has a path, or a bucket and a prefix. Path and prefix end
// in a slash if they are not empty.
type location struct {
	path           string
	bucket, prefix string
	endpoint       *url.URL // nil: the endpoint of AWS
}

// url returns the location as s3://bucket/prefix/.
func (l location) url() string { return "s3://" + l.bucket + "/" + l.prefix }

// http returns the location in ClickHouse's form.
func (l location) http() string {
	if l.endpoint == nil {
		return l.url()
	}
	return strings.TrimSuffix(l.endpoint.String(), "/") + "/" + l.bucket + "/" + l.prefix
}

// trino returns the location in Trino's form.
func (l location) trino() string {
	if l.bucket == "" {
		return "local://" + l.path
	}
	return l.url()
}

func parseLocation(text, endpoint string) (at location, err error) {
	name, isS3 := strings.CutPrefix(text, "s3://")
	if !isS3 {
		return directoryAt(text, endpoint)
	}
	at.bucket, at.prefix, _ = strings.Cut(name, "/")
	if at.prefix != "" {
		at.prefix = strings.TrimSuffix(at.prefix, "/") + "/"
	}
	if !bucketForm.MatchString(at.bucket) || !prefixForm.MatchString(at.prefix) || len(at.prefix) > 200 {
		return at, usagef("--location wants s3://bucket/prefix, with letters, digits and any of _=.- between slashes, not %q", clip(text))
	}
	if endpoint == "" {
		return at, nil
	}
	at.endpoint, err = url.Parse(endpoint)
	if err != nil || !endpointForm.MatchString(endpoint) {
		return at, usagef("--endpoint wants the URL of an S3 server, such as http://127.0.0.1:9000, not %q", clip(endpoint))
	}
	return at, nil
}

// directoryAt returns a directory as a location. The path must not look like a pattern, because
// not all engines have escapes in patterns.
func directoryAt(text, endpoint string) (at location, err error) {
	if endpoint != "" {
		return at, usagef("--endpoint is for a location on S3")
	}
	path, err := filepath.Abs(text)
	if err != nil {
		return at, err
	}
	// Check the path, not the text: only the path always includes the working directory.
	if strings.Contains(text, "://") || strings.ContainsAny(path, `*?[]{}`) || printable(path) != path || text == "" {
		return at, usagef("--location wants a directory whose path has none of *?[]{}, or s3://bucket/prefix, not %q", clip(cmp.Or(text, path)))
	}
	at.path = strings.TrimSuffix(filepath.ToSlash(path), "/") + "/"
	return at, nil
}
