package faults_test

import (
	"errors"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/s3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpen(t *testing.T) {
	tests := []struct {
		name, url string
		text      string // what String returns; "": Open returns an error
	}{
		{"a bucket", "s3://my-bucket", "s3://my-bucket"},
		{"with a slash", "s3://my-bucket/", "s3://my-bucket"},
		{"a prefix", "s3://my.bucket1/a/_b c", "s3://my.bucket1/a/_b c"},
		{"a prefix with a slash", "s3://my-bucket/a/b/", "s3://my-bucket/a/b"},
		{"nothing", "", ""},
		{"another scheme", "https://my-bucket/a", ""},
		{"no bucket", "s3:///a", ""},
		{"not a URL", "s3:my-bucket", ""},
		{"a path", "/var/lib", ""},
		{"a port", "s3://my-bucket:1/a", ""},
		{"a bad name", "s3://My_Bucket/a", ""},
		{"a path out of the prefix", "s3://my-bucket/a/../../b", ""},
		{"a double slash", "s3://my-bucket/a//b", ""},
		{"a backslash", `s3://my-bucket/a\b`, ""},
		{"an escape", "s3://my-bucket/a%1b[2J", ""},
		{"credentials", "s3://AKIA:" + secretKey + "@my-bucket/a", ""},
		{"a signature", "s3://my-bucket/a?X-Amz-Signature=" + secretKey, ""},
		{"a fragment", "s3://my-bucket/a#" + secretKey, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := s3.Open(t.Context(), s3.Config{URL: test.url, AWS: newServer(t).settings()})
			if test.text == "" {
				require.ErrorContains(t, err, "s3: ")
				assert.NotContains(t, err.Error(), secretKey)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.text, s.String())
			assert.True(t, s.Shared())
			assert.Zero(t, s.Requests())
		})
	}
}

func TestRegion(t *testing.T) {
	_, err := s3.Open(t.Context(), s3.Config{URL: url, AWS: &aws.Config{}})
	require.ErrorContains(t, err, "AWS_REGION")
	_, err = s3.Open(t.Context(), s3.Config{URL: url, AWS: &aws.Config{Region: "eu-central-1"}})
	require.NoError(t, err)
}

// An endpoint that is not a URL is refused. An endpoint with a password is refused too. The errors
// do not quote the endpoint.
func TestEndpoint(t *testing.T) {
	const says = "s3: the endpoint in AWS_ENDPOINT_URL_S3 or Config.AWS "
	for _, tt := range []struct {
		endpoint string
		says     string // "": no error
	}{
		{"http://127.0.0.1:9000", ""},
		{"https://gateway.test/s3/", ""},
		{"http://user:" + secretKey + "@127.0.0.1:bad/", says + "is not http"},
		{"user:" + secretKey + "@127.0.0.1:1", says + "is not http"},
		{"http://user:" + secretKey + "@127.0.0.1:1", says + "has a user name"},
		{secretKey, says + "is not http"},
		{"http://", says + "is not http"},
		{"ftp://127.0.0.1", says + "is not http"},
	} {
		t.Run(tt.endpoint, func(t *testing.T) {
			settings := newServer(t).settings()
			settings.BaseEndpoint = &tt.endpoint
			t.Setenv("AWS_ENDPOINT_URL_S3", tt.endpoint)
			t.Setenv("AWS_REGION", "eu-central-1")
			t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
			for _, given := range []*aws.Config{settings, nil} {
				s, err := s3.Open(t.Context(), s3.Config{URL: url, AWS: given})
				if tt.says == "" {
					require.NoError(t, err)
					require.NoError(t, s.Close())
					continue
				}
				require.ErrorContains(t, err, tt.says)
				assert.Nil(t, s)
				assert.NotContains(t, err.Error(), secretKey)
			}
		})
	}
}

func TestBadCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, cache := range []string{file, filepath.Join(file, "below")} {
		_, err := s3.Open(t.Context(), s3.Config{URL: url, AWS: newServer(t).settings(), Cache: cache})
		require.ErrorContains(t, err, "s3: Config.Cache: ")
	}
	_, err := s3.Open(t.Context(), s3.Config{AWS: &aws.Config{}, Cache: file})
	for _, fault := range []string{"Config.URL is empty", "Config.Cache: ", "no region"} {
		assert.ErrorContains(t, err, fault)
	}
}

// No error contains a credential, or a byte that a terminal would obey.
func TestErrors(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*http.Request) (*http.Response, error)
		says  string
	}{
		{"a URL", func(req *http.Request) (*http.Response, error) {
			return nil, &neturl.Error{Op: "Get", URL: "https://s3.test/file?X-Amz-Signature=" + secretKey, Err: errors.New("refused")}
		}, "s3: open s3://audit/some/prefix/file: refused"},
		{"a URL in a text", func(*http.Request) (*http.Response, error) {
			return nil, &neturl.Error{Err: errors.New(`parse "http://user:a b ` + secretKey + `@127.0.0.1:bad/": invalid port`)}
		}, `s3: open s3://audit/some/prefix/file: parse …@127.0.0.1:bad/": invalid port`},
		{"a part of a URL", func(*http.Request) (*http.Response, error) {
			return nil, &neturl.Error{Err: errors.New("dial user:" + secretKey + "@127.0.0.1:1: refused")}
		}, "s3: open s3://audit/some/prefix/file: dial …@127.0.0.1:1: refused"},
		{"a bad secret", func(req *http.Request) (*http.Response, error) { return answer(403, "SignatureDoesNotMatch"), nil },
			"s3: open s3://audit/some/prefix/file: 403 SignatureDoesNotMatch: Because of a test"},
		{"a hostile server", func(req *http.Request) (*http.Response, error) {
			resp := answer(400, "")
			resp.Body, resp.ContentLength = body("<Error><Code>Bad</Code><Message>a&#x9b;b&#xd;c</Message></Error>")
			return resp, nil
		}, "s3: open s3://audit/some/prefix/file: 400 Bad: a b c"},
		{"another region", func(req *http.Request) (*http.Response, error) {
			resp := answer(301, "PermanentRedirect")
			resp.Header.Set("X-Amz-Bucket-Region", "eu-west-1")
			return resp, nil
		}, "s3: open s3://audit/some/prefix/file: 301 PermanentRedirect: Because of a test; the bucket is in the region eu-west-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.fault = only(-1, func(*http.Request) bool { return true }, test.fault)
				_, err := server.open(t, "").Open(t.Context(), "file")
				require.EqualError(t, err, test.says)
			})
		})
	}
}
