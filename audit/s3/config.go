package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// Config is what [Open] needs. URL is required.
type Config struct {
	// URL is s3://BUCKET or s3://BUCKET/PREFIX, without credentials.
	URL string

	// AWS contains the region, the credentials and the endpoint. Open copies it. Nil means the
	// SDK's default: the environment, ~/.aws, and the role of the machine or the container. If an
	// endpoint is set, here or in AWS_ENDPOINT_URL_S3, the bucket becomes a part of the path, and
	// no region is needed.
	AWS *aws.Config

	// Cache is a directory in which the Store keeps the ends of files between searches. An end is
	// the last bytes of a file, which a search reads first. All ends together have 1 GiB at most.
	// Open makes the directory if it does not exist. Several processes may share it. If Cache is
	// "", the ends are kept in memory, and have 64 MiB at most. The ends contain events, so only
	// the owner can read the files in the directory.
	Cache string
}

const (
	// The pauses between the maxAttempts attempts of a request are about 13 s in total, and 26 s
	// at most. If the server throttles, they are almost three times as long.
	maxAttempts = 8
	firstPause  = 200 * time.Millisecond
	maxPause    = 20 * time.Second

	// anyRegion is the region in the signatures of requests to a server that has no regions.
	anyRegion = "us-east-1"
)

// Open returns the store at cfg.URL. It sends no request, so a service also starts while S3 cannot
// be reached. If cfg.AWS is nil, Open reads the SDK's files. The error lists all faults of cfg.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	bucket, prefix, urlErr := parseURL(cfg.URL)
	kept, cacheErr := newEnds(cfg.Cache)
	s := &Store{url: "s3://" + bucket, bucket: bucket, ends: kept}
	if prefix != "" {
		s.url, s.prefix = s.url+"/"+prefix, prefix+"/"
	}
	if err := errors.Join(urlErr, cacheErr, s.connect(ctx, cfg.AWS)); err != nil {
		return nil, err
	}
	return s, nil
}

// connect makes the client of the store.
func (s *Store) connect(ctx context.Context, given *aws.Config) error {
	settings, err := settingsOf(ctx, given)
	if err != nil {
		return err
	}
	s.http = newClient(settings.HTTPClient)
	region, endpoint := "", (*string)(nil)
	s.api = s3.NewFromConfig(settings, func(o *s3.Options) {
		if o.BaseEndpoint != nil {
			o.UsePathStyle = true
			if o.Region == "" {
				o.Region = anyRegion
			}
		}
		region, endpoint = o.Region, o.BaseEndpoint
		o.HTTPClient = s.http
		o.Retryer = newRetryer()
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	if region == "" {
		return errors.New("s3: no region: set AWS_REGION, or the endpoint of another server in AWS_ENDPOINT_URL_S3")
	}
	if endpoint != nil {
		return checkEndpoint(*endpoint)
	}
	return nil
}

// checkEndpoint returns an error if text is not the URL of a server. The error does not quote the
// text, which may contain a password.
func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("s3: the endpoint in AWS_ENDPOINT_URL_S3 or Config.AWS is not http://HOST or https://HOST")
	}
	if u.User != nil {
		return errors.New("s3: the endpoint in AWS_ENDPOINT_URL_S3 or Config.AWS has a user name: credentials are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return nil
}

func settingsOf(ctx context.Context, given *aws.Config) (aws.Config, error) {
	if given != nil {
		return given.Copy(), nil
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
	if err != nil {
		return settings, &failure{what: "the SDK's configuration", err: err}
	}
	return settings, nil
}

// newRetryer returns a retryer for background jobs. The SDK's own retryer is for programs whose
// users wait. It gives up after three attempts. When a few requests have failed, it gives up after
// the first attempt, because its token bucket protects the server.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.BaseDelay = firstPause
		o.MaxBackoff = maxPause
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
			"BadDigest":                    {}, // the bytes were damaged on the way to the server
			"IncompleteBody":               {},
			"XAmzContentChecksumMismatch":  {},
			"XAmzContentSHA256Mismatch":    {},
			"ConditionalRequestConflict":   {}, // another write of the same key is under way
			"OperationAborted":             {},
			"RequestTimeTooSkewed":         {}, // after this error, the SDK corrects its clock
			"ServiceUnavailable":           {},
			"InternalError":                {},
			"TooManyRequests":              {},
			"ReducedRedundancyUnavailable": {},
		}})
	})
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// parseURL returns the bucket, and the prefix without a slash at its start or end. Errors do not
// quote the URL, which may contain a secret.
func parseURL(text string) (bucket, prefix string, err error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		err = errors.New("s3: Config.URL is empty")
	case err != nil || u.Scheme != "s3" || u.Opaque != "":
		err = errors.New("s3: Config.URL is not s3://BUCKET/PREFIX")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		err = errors.New("s3: Config.URL has more than a bucket and a prefix")
	case !bucketName.MatchString(u.Host):
		err = fmt.Errorf("s3: %.70q is not the name of a bucket", u.Host)
	}
	if err != nil {
		return "", "", err
	}
	prefix = strings.Trim(u.Path, "/")
	if prefix != "" && (!fs.ValidPath(prefix) || strings.ContainsFunc(prefix, odd)) {
		return "", "", errors.New("s3: the prefix in Config.URL is not a path of plain names")
	}
	return u.Host, prefix, nil
}

// odd reports whether r is forbidden in a prefix, because people read prefixes in a terminal.
func odd(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f || r >= 0x80 && r <= 0x9f }
