package firehose

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
)

// maxCalls is the largest Config.Calls.
const maxCalls = 16

// Config is what [Open] needs. Stream is required.
type Config struct {
	// Stream is the name of the Firehose stream, whose source is Direct PUT.
	Stream string

	// AWS contains the region and the credentials. Nil means the SDK's own configuration: the
	// environment, ~/.aws, and the role of the instance, task or pod. An HTTPClient that is not
	// the SDK's own is used unchanged. The Retryer is not used, because a Sink makes its own
	// retries.
	AWS *aws.Config

	// Calls is how many PutRecordBatch calls run at once: 1 by default, and at most 16. A call
	// carries up to 3 MB. Set Calls to more than 1 for streams with a raised quota. If the process
	// is killed, the events of all these calls may arrive twice.
	Calls int
}

// streamName matches the names that CreateDeliveryStream accepts:
// https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html
var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)

// Open returns the Sink of a stream. It sends no request. If the stream cannot be reached or does
// not exist, [Sink.Send] returns the error, and the events wait in the journal. The argument ctx
// limits the time for reading the SDK's configuration. The error lists all faults of cfg, and
// never contains credentials.
func Open(ctx context.Context, cfg Config) (*Sink, error) {
	s := &Sink{stream: cfg.Stream, calls: max(1, cfg.Calls)}
	settings, settingsErr := settingsOf(ctx, cfg.AWS)
	if settingsErr == nil {
		settingsErr = s.connect(settings)
	}
	if err := errors.Join(cfg.check(), settingsErr); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check returns an error that joins all faults of cfg, apart from those of AWS.
func (cfg *Config) check() error {
	var wrong []error
	if !streamName.MatchString(cfg.Stream) {
		wrong = append(wrong, fmt.Errorf("firehose: Config.Stream must be 1 to 64 letters, digits, _, . and -: %.100q", cfg.Stream))
	}
	if cfg.Calls < 0 || cfg.Calls > maxCalls {
		wrong = append(wrong, fmt.Errorf("firehose: Config.Calls is %d, not between 0 and %d", cfg.Calls, maxCalls))
	}
	return errors.Join(wrong...)
}

func settingsOf(ctx context.Context, given *aws.Config) (aws.Config, error) {
	if given != nil {
		return *given, nil
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return settings, errors.New("firehose: the AWS configuration: " + textOf(err))
	}
	return settings, nil
}

func isEndpoint(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// connect makes the client, and returns an error that joins all faults of the settings. The Sink
// has its own HTTP client with the SDK's settings, because the connections of the SDK's client
// cannot be closed, and their goroutines would stay for 90 seconds.
func (s *Sink) connect(settings aws.Config) error {
	theirs, ok := settings.HTTPClient.(*awshttp.BuildableClient)
	if settings.HTTPClient == nil {
		theirs, ok = awshttp.NewBuildableClient(), true
	}
	if ok {
		s.http = &http.Client{
			Transport:     theirs.GetTransport(),
			Timeout:       theirs.GetTimeout(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		settings.HTTPClient = s.http
	}
	s.client = firehose.NewFromConfig(settings, func(o *firehose.Options) { o.Retryer = aws.NopRetryer{} })
	var wrong []error
	if settings.Region == "" {
		wrong = append(wrong, errors.New("firehose: no region: set AWS_REGION, or Region in Config.AWS"))
	}
	// The SDK would quote a malformed endpoint in its errors, and the endpoint may contain
	// credentials.
	if at := s.client.Options().BaseEndpoint; at != nil && !isEndpoint(*at) {
		wrong = append(wrong, errors.New("firehose: the endpoint is not a URL such as https://firehose.eu-central-1.amazonaws.com: "+
			"look at AWS_ENDPOINT_URL_FIREHOSE, AWS_ENDPOINT_URL, and BaseEndpoint in Config.AWS"))
	}
	return errors.Join(wrong...)
}

// Close closes the Sink's connections. Close the Logger first. Close may be called several times.
// A nil Sink returns nil.
func (s *Sink) Close() error {
	if s != nil && s.http != nil {
		s.http.CloseIdleConnections()
	}
	return nil
}
