//go:build integration

package s3_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3"
	"example.com/clew/audit/s3/internal/conformance"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	gateway = flag.String("versitygw", "", "the program versitygw")
	helper  = flag.String("helper", "", "for a process that a test starts: what it does")
	at      = flag.String("at", "", "and where")
)

// server is one versitygw for all tests.
var server = sync.OnceValues(func() (endpoint string, err error) {
	if *gateway == "" {
		return "", errors.New("run with -args -versitygw=PROGRAM")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := l.Addr().String()
	l.Close()
	dir, err := os.MkdirTemp("", "versitygw")
	if err != nil {
		return "", err
	}
	program := exec.Command(*gateway, "--quiet", "--port", address, "posix", dir)
	program.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	if err := program.Start(); err != nil {
		return "", err
	}
	stop = func() {
		program.Process.Kill()
		program.Wait()
		os.RemoveAll(dir)
	}
	for range 100 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return "http://" + address, c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", errors.New("versitygw does not answer")
})

const (
	accessKey = "clewtest"
	secretKey = "secret-of-the-test"
)

func settings(endpoint string) *aws.Config {
	return &aws.Config{
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
	}
}

// newBucket makes a bucket, and returns its URL.
func newBucket(t *testing.T) string {
	t.Helper()
	endpoint, err := server()
	require.NoError(t, err)
	bucket := fmt.Sprintf("b%d", time.Now().UnixNano())
	client := sdk.NewFromConfig(*settings(endpoint), func(o *sdk.Options) { o.UsePathStyle, o.Region = true, "us-east-1" })
	_, err = client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &bucket})
	require.NoError(t, err)
	return "s3://" + bucket + "/some/prefix"
}

func open(tb testing.TB, url, cache string) *s3.Store {
	tb.Helper()
	endpoint, err := server()
	require.NoError(tb, err)
	s, err := s3.Open(tb.Context(), s3.Config{URL: url, AWS: settings(endpoint), Cache: cache})
	require.NoError(tb, err)
	tb.Cleanup(func() { s.Close() })
	return s
}

func TestServerStore(t *testing.T) {
	conformance.Store(t, func(t *testing.T) lake.Store { return open(t, newBucket(t), t.TempDir()) })
}

func TestServerLake(t *testing.T) {
	s := open(t, newBucket(t), t.TempDir())
	conformance.Lake(t, s, 60_000)
	t.Logf("%+v", s.Requests())
}

var _ = []any{bytes.NewReader, io.EOF, filepath.Join, strings.Cut, assert.Equal}
