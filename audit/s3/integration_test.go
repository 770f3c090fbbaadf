//go:build integration

package s3_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
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
	helper  = flag.String("helper", "", "what this process does: \"upload\" or \"lock\"; only the tests set it, for the processes that they start")
	at      = flag.String("at", "", "with -helper: the endpoint and the URL of the bucket")
)

// server starts one versitygw for all tests, and returns its endpoint.
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

// A process is killed during an upload, at several moments. No reader sees an incomplete file, and
// another process can then write the file.
func TestServerKilledInUpload(t *testing.T) {
	url := newBucket(t)
	s := open(t, url, "")
	data := conformance.Bytes(9, killedSize)
	for i := range 5 {
		command := child(t, "upload", url)
		require.NoError(t, command.Start())
		before := time.Now()
		time.Sleep(time.Duration(100+i*70) * time.Millisecond)
		require.NoError(t, command.Process.Kill())
		command.Wait()
		for _, name := range conformance.Names(t, s, "") {
			require.True(t, bytes.Equal(data, conformance.Get(t, s, name)), "killed after %v", time.Since(before))
		}
	}
	require.NoError(t, s.Delete(t.Context(), "file"))
	conformance.Put(t, s, "file", data)
	require.True(t, bytes.Equal(data, conformance.Get(t, s, "file")))
}

const killedSize = 24 << 20

// Four processes compete for the lock, and only one process at a time holds it.
func TestServerLockOfProcesses(t *testing.T) {
	url := newBucket(t)
	s := open(t, url, "")
	var commands []*exec.Cmd
	var outputs []*bytes.Buffer
	for range 4 {
		command := child(t, "lock", url)
		var output bytes.Buffer
		command.Stdout, command.Stderr = &output, &output
		require.NoError(t, command.Start())
		commands, outputs = append(commands, command), append(outputs, &output)
	}
	for i, command := range commands {
		require.NoError(t, command.Wait(), outputs[i].String())
	}
	assert.Len(t, conformance.Names(t, s, ""), 4*locksEach)
}

const locksEach = 3

func child(t *testing.T, what, url string) *exec.Cmd {
	t.Helper()
	endpoint, err := server()
	require.NoError(t, err)
	return exec.Command(os.Args[0], "-helper="+what, "-at="+endpoint+" "+url)
}

// A process that a test starts does its job in the function run, and exits there.
func init() {
	run = func() {
		flag.Parse()
		helpers := map[string]func(*s3.Store) error{"upload": uploadForEver, "lock": lockInTurn}
		if *helper == "" {
			return
		}
		endpoint, url, _ := strings.Cut(*at, " ")
		s, err := s3.Open(context.Background(), s3.Config{URL: url, AWS: settings(endpoint)})
		if err == nil {
			err = helpers[*helper](s)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func uploadForEver(s *s3.Store) error {
	data := conformance.Bytes(9, killedSize)
	for {
		if err := s.Put(context.Background(), "file", bytes.NewReader(data), killedSize); err != nil {
			return err
		}
		if err := s.Delete(context.Background(), "file"); err != nil {
			return err
		}
	}
}

// lockInTurn makes a file below working/ while it holds the lock. It returns an error if another
// process has made such a file at that time.
func lockInTurn(s *s3.Store) error {
	for i := 0; i < locksEach; {
		held, unlock, err := s.Lock(context.Background())
		if errors.Is(err, lake.ErrLocked) {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		for _, err := range s.List(held, "working/") {
			return errors.Join(errors.New("two processes hold the lock"), err)
		}
		name := fmt.Sprintf("working/%d", os.Getpid())
		err = errors.Join(
			s.Put(held, name, strings.NewReader(""), 0),
			s.Put(held, fmt.Sprintf("done/%d-%d", os.Getpid(), i), strings.NewReader(""), 0),
			s.Delete(held, name),
			unlock())
		if err != nil {
			return err
		}
		i++
	}
	return nil
}

// A real server refuses a wrong secret. The error says so, and does not contain the secret.
func TestServerBadSecret(t *testing.T) {
	url := newBucket(t)
	endpoint, err := server()
	require.NoError(t, err)
	bad := settings(endpoint)
	const secret = "this-is-a-wrong-secret"
	bad.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, nil
	})
	s, err := s3.Open(t.Context(), s3.Config{URL: url, AWS: bad})
	require.NoError(t, err)
	defer s.Close()
	err = s.Put(t.Context(), "file", strings.NewReader("abc"), 3)
	require.ErrorContains(t, err, "403 SignatureDoesNotMatch")
	assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err.Error()), secret)
	assert.Equal(t, int64(1), s.Requests().Puts)
}

// With a real server too, a search needs no GET when it is made again.
func TestServerRequests(t *testing.T) {
	cache := t.TempDir()
	url := newBucket(t)
	some := conformance.Write(t, open(t, url, ""), 3000)
	query := lake.Query{TraceID: some[0].TraceID, Since: time.Now().Add(-7 * time.Hour)}
	var gets [2]int64
	for i := range gets {
		s := open(t, url, cache)
		files := len(conformance.Names(t, s, ""))
		n, err := lake.Count(t.Context(), query, nil, s)
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		gets[i] = s.Requests().Gets
		assert.LessOrEqual(t, gets[i], int64(files), "each small file must need one GET at most")
		assert.Zero(t, s.Requests().Heads)
	}
	assert.Positive(t, gets[0])
	assert.Zero(t, gets[1])
}
