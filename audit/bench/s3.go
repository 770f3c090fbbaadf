package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// runS3 measures package s3 against a versitygw on loopback: the speed of uploads in comparison
// with the SDK's transfer manager, and the requests and bytes of a search for a trace.
func runS3(args []string) error {
	flags := flag.NewFlagSet("s3", flag.ExitOnError)
	program := flags.String("versitygw", "versitygw", "path of the program versitygw")
	events := flags.Int("events", 30_000_000, "number of events to search")
	dir := flags.String("dir", "", "directory in which the lake is kept; \"\": a temporary one")
	uploads := flags.Bool("uploads", true, "measure uploads too")
	rounds := flags.Int("rounds", 7, "number of rounds of uploads, and of searches of each kind")
	flags.Parse(args)

	work, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if *dir == "" {
		*dir = filepath.Join(work, "lake")
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	settings, stop, err := startGateway(*program, filepath.Join(work, "buckets"))
	if err != nil {
		return err
	}
	defer stop()
	if *uploads {
		if err := compareUploads(settings, *rounds); err != nil {
			return err
		}
	}
	if *events == 0 {
		return nil
	}
	return findInBucket(settings, *dir, filepath.Join(work, "cache"), *events, *rounds)
}

const benchBucket = "bench"

// startGateway starts versitygw with a directory as its storage, and with one bucket.
func startGateway(program, dir string) (settings *aws.Config, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	address := l.Addr().String()
	l.Close()
	if err := os.MkdirAll(filepath.Join(dir, benchBucket), 0o755); err != nil {
		return nil, nil, err
	}
	run := exec.Command(program, "--quiet", "--port", address, "posix", dir)
	run.Env = append(os.Environ(), "ROOT_ACCESS_KEY=bench", "ROOT_SECRET_KEY=bench-secret")
	if err := run.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		run.Process.Kill()
		run.Wait()
	}
	settings = &aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + address),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "bench", SecretAccessKey: "bench-secret"}, nil
		}),
	}
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			return settings, stop, c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, nil, errors.New("versitygw does not answer")
}

// compareUploads uploads the same files with the Store and with the transfer manager, in turn, and
// prints the speeds.
func compareUploads(settings *aws.Config, rounds int) error {
	ctx := context.Background()
	store, err := s3.Open(ctx, s3.Config{URL: "s3://" + benchBucket + "/up", AWS: settings})
	if err != nil {
		return err
	}
	defer store.Close()
	peer := transfermanager.New(sdk.NewFromConfig(*settings, func(o *sdk.Options) { o.UsePathStyle = true }))
	ways := []func(name string, data []byte) error{
		func(name string, data []byte) error {
			return store.Put(ctx, name, bytes.NewReader(data), int64(len(data)))
		},
		func(name string, data []byte) error {
			bucket, key := benchBucket, "up/"+name
			_, err := peer.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
			return err
		},
	}
	fmt.Println("| uploads, one after the other | audit/s3 | transfer manager | ratio (worst to best round) |")
	fmt.Println("|---|---|---|---|")
	for _, kind := range []struct{ files, size int }{{8, 64 << 20}, {200, 2 << 20}} {
		data := make([]byte, kind.size)
		rand.NewChaCha8([32]byte{1}).Read(data)
		var speeds [2][]float64
		var ratios []float64
		for round := range rounds + 1 {
			var now [2]float64
			for i := range ways {
				way := (i + round) % 2
				if now[way], err = upload(store, ways[way], kind.files, data); err != nil {
					return err
				}
			}
			if round > 0 { // the first round is a warm-up
				speeds[0], speeds[1] = append(speeds[0], now[0]), append(speeds[1], now[1])
				ratios = append(ratios, now[0]/now[1])
			}
		}
		for _, all := range [][]float64{speeds[0], speeds[1], ratios} {
			slices.Sort(all)
		}
		n := len(ratios)
		fmt.Printf("| %d of %d MB | %.0f MB/s | %.0f MB/s | %.2f (%.2f to %.2f) |\n", kind.files, kind.size>>20,
			speeds[0][n/2], speeds[1][n/2], ratios[n/2], ratios[0], ratios[n-1])
	}
	return nil
}

// upload uploads the given number of new files, deletes them, and returns the speed of the uploads
// in megabytes a second.
func upload(store *s3.Store, put func(string, []byte) error, files int, data []byte) (speed float64, err error) {
	start := time.Now()
	for i := range files {
		if err := put(fmt.Sprint("file-", i), data); err != nil {
			return 0, err
		}
	}
	speed = float64(files*len(data)) / 1e6 / time.Since(start).Seconds()
	for i := range files {
		if err := store.Delete(context.Background(), fmt.Sprint("file-", i)); err != nil {
			return 0, err
		}
	}
	return speed, nil
}

// findInBucket copies a lake to the bucket, and searches it. Each search uses a new Store, as a
// new process would.
func findInBucket(settings *aws.Config, dir, cache string, events, rounds int) error {
	asked, err := fill(dir, events)
	if err != nil {
		return err
	}
	open := func(cache string) (*s3.Store, error) {
		return s3.Open(context.Background(), s3.Config{URL: "s3://" + benchBucket + "/lake", AWS: settings, Cache: cache})
	}
	store, err := open("")
	if err != nil {
		return err
	}
	files, size, err := copyLake(store, lake.Dir(dir))
	if err != nil {
		return err
	}
	store.Close()
	fmt.Printf("\n%d events in %d files of %.0f MB, made in %v\n\n", events, files, float64(size)/1e6, time.UnixMicro(asked[len(asked)-1].Time).Sub(begin).Round(time.Second))
	fmt.Println("| searched for | cache | GETs, median | most | MB, most | lists | median | worst | rows |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	random := rand.New(rand.NewPCG(1, 2))
	missing := func(e made.Event) lake.Query { // an ID of 16 digits that is in no file
		return lake.Query{TraceID: hex.EncodeToString(e.TraceID[:8]), Since: begin}
	}
	for _, kind := range []struct {
		name, cache string
		query       func(made.Event) lake.Query
	}{
		{"an ID that contains its time", "", func(e made.Event) lake.Query { return lake.Query{TraceID: hex.EncodeToString(e.TraceID[:])} }},
		{"the same", cache, func(e made.Event) lake.Query { return lake.Query{TraceID: hex.EncodeToString(e.TraceID[:])} }},
		{"an ID without a time, in no file", "", missing},
		{"the same", cache, missing},
		{"an ID, in the time range of all files", "", func(e made.Event) lake.Query {
			return lake.Query{TraceID: hex.EncodeToString(e.TraceID[:]), Since: begin}
		}},
	} {
		if err := askBucket(kind.name, func() (*s3.Store, error) { return open(kind.cache) }, kind.cache != "", asked, random, rounds, kind.query); err != nil {
			return err
		}
	}
	return nil
}

// askBucket runs searches, each with a new Store, and prints the medians and the worst values.
func askBucket(name string, open func() (*s3.Store, error), cached bool, asked []made.Event, random *rand.Rand, rounds int, query func(made.Event) lake.Query) error {
	var took []time.Duration
	var most s3.Requests
	var gets []int64
	rows := 0
	for round := range rounds {
		e := asked[random.IntN(len(asked))]
		q := query(e)
		q.MaxBytes = -1
		for again := range 2 {
			if again == 1 && !cached {
				break // without a cache, a second search would be the same
			}
			store, err := open()
			if err != nil {
				return err
			}
			start := time.Now()
			n, _, err := find(q, store)
			if err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
			store.Close()
			if again == 0 && cached {
				continue // the first search fills the cache
			}
			took, rows = append(took, time.Since(start)), rows+n
			r := store.Requests()
			gets = append(gets, r.Gets)
			most.Gets, most.BytesRead, most.Lists = max(most.Gets, r.Gets), max(most.BytesRead, r.BytesRead), max(most.Lists, r.Lists)
		}
	}
	slices.Sort(took)
	slices.Sort(gets)
	cache := map[bool]string{false: "cold", true: "warm"}[cached]
	fmt.Printf("| %s | %s | %d | %d | %.1f | %d | %v | %v | %d in %d |\n", name, cache, gets[len(gets)/2], most.Gets, float64(most.BytesRead)/1e6, most.Lists,
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), rows, len(took))
	return nil
}

func copyLake(to, from lake.Store) (files int, size int64, err error) {
	ctx := context.Background()
	for file, err := range from.List(ctx, "") {
		if err != nil {
			return files, size, err
		}
		r, err := from.Open(ctx, file.Name)
		if err != nil {
			return files, size, err
		}
		err = errors.Join(to.Put(ctx, file.Name, r, r.Size()), r.Close())
		if err != nil {
			return files, size, err
		}
		files, size = files+1, size+file.Size
	}
	return files, size, nil
}
