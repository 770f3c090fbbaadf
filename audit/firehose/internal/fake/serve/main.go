// Serve serves a fake Firehose stream for scripts. It writes the stream's objects to a bucket or a
// directory.
//
//	go run ./internal/fake/serve -listen 127.0.0.1:17300 -stream audit -prefix events/ \
//	    -seconds 2 -megabytes 5 -gzip \
//	    -bucket lines -endpoint http://127.0.0.1:17301
//	go run ./internal/fake/serve -listen 127.0.0.1:17300 -stream audit -directory /tmp/objects
//
// Credentials and region of the bucket come from the SDK. After SIGTERM or SIGINT, Serve delivers
// the buffered records. The last line of its output is the number of objects and bytes.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/clew/audit/firehose/internal/fake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("serve: ", err)
	}
}

func run() error {
	var cfg fake.Config
	listen := flag.String("listen", "127.0.0.1:17300", "address")
	flag.StringVar(&cfg.Stream, "stream", "audit", "name of the stream")
	flag.StringVar(&cfg.Prefix, "prefix", "", "custom prefix of objects")
	flag.StringVar(&cfg.ErrorOutputPrefix, "error-output-prefix", "", "custom prefix of failed records: needed if -prefix contains expressions")
	flag.IntVar(&cfg.IntervalInSeconds, "seconds", 300, "buffering interval, 0 to 900")
	flag.IntVar(&cfg.SizeInMBs, "megabytes", 5, "buffering size, 1 to 128")
	flag.BoolVar(&cfg.Gzip, "gzip", false, "compress objects")
	bucket := flag.String("bucket", "", "bucket of the objects")
	endpoint := flag.String("endpoint", "", "endpoint of the bucket, such as http://127.0.0.1:17301")
	directory := flag.String("directory", "", "directory of the objects, instead of a bucket")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch {
	case (*bucket == "") == (*directory == ""):
		return errors.New("needs either -bucket or -directory")
	case *directory != "":
		cfg.Deliver = toDirectory(*directory)
	default:
		a, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return err
		}
		cfg.Deliver = toBucket(a, *bucket, *endpoint)
	}
	return serve(ctx, *listen, cfg)
}

// serve serves the stream until ctx ends.
func serve(ctx context.Context, listen string, cfg fake.Config) error {
	var objects, size atomic.Int64
	deliver := cfg.Deliver
	cfg.Deliver = func(ctx context.Context, key string, body []byte) error {
		if err := deliver(ctx, key, body); err != nil {
			log.Printf("serve: %s: %v", key, err)
			return err
		}
		objects.Add(1)
		size.Add(int64(len(body)))
		return nil
	}
	stream, err := fake.New(cfg)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("stream %s on http://%s\n", cfg.Stream, l.Addr())
	server := &http.Server{Handler: stream, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = errors.Join(server.Shutdown(ending), stream.Close())
	fmt.Printf("%d objects, %d bytes\n", objects.Load(), size.Load())
	return err
}

// toDirectory returns a Deliver function that writes each object as a file, completely or not at
// all.
func toDirectory(directory string) func(context.Context, string, []byte) error {
	return func(_ context.Context, key string, body []byte) error {
		if !filepath.IsLocal(key) {
			return fmt.Errorf("%q is not a name in a directory", key)
		}
		path := filepath.Join(directory, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
		if err := os.WriteFile(part, body, 0o666); err != nil {
			return err
		}
		return os.Rename(part, path)
	}
}

func toBucket(a aws.Config, bucket, endpoint string) func(context.Context, string, []byte) error {
	client := s3.NewFromConfig(a, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = &endpoint, true
		}
	})
	return func(ctx context.Context, key string, body []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	}
}
