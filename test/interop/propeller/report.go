package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	pc "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
)

// report is what is printed on stdout.
type report struct {
	Plugin    string             `json:"plugin"`
	Endpoint  string             `json:"endpoint"`
	TaskType  string             `json:"task_type,omitempty"`
	Supported bool               `json:"task_type_announced"`
	Config    *readConfig        `json:"config,omitempty"`
	Types     []string           `json:"announced_task_types,omitempty"`
	Execs     []*executionReport `json:"executions,omitempty"`
	Ok        bool               `json:"ok"`
	WallMs    int64              `json:"wall_ms"`
	RPCs      []*rpcRecord       `json:"rpcs,omitempty"`
	Summary   map[string]int     `json:"rpc_summary,omitempty"`

	start time.Time
}

type executionReport struct {
	Exec     string           `json:"exec"`
	Attempts []*attemptReport `json:"attempts"`
	Final    string           `json:"final_phase"`
}

type attemptReport struct {
	RetryAttempt  int             `json:"retry_attempt"`
	GeneratedName string          `json:"generated_name"`
	OutputPrefix  string          `json:"output_prefix"`
	Transitions   []transition    `json:"transitions"`
	HandleErrors  []string        `json:"handle_errors,omitempty"`
	ResourceMetas []string        `json:"resource_metas_b64,omitempty"`
	MetasEqual    *bool           `json:"recreate_metas_equal,omitempty"`
	StateBytes    int             `json:"persisted_state_bytes"`
	Aborted       bool            `json:"aborted,omitempty"`
	AbortErrors   []string        `json:"abort_errors,omitempty"`
	FinalizeError string          `json:"finalize_error,omitempty"`
	Validation    json.RawMessage `json:"output_validation_error,omitempty"`
	Outputs       json.RawMessage `json:"outputs,omitempty"`
	Final         string          `json:"final_phase"`
	TimedOut      bool            `json:"timed_out,omitempty"`
}

// transition is a phase that the plugin answered and that differs from the one before, or an event in parentheses.
type transition struct {
	TMs        int64             `json:"t_ms"`
	Round      int               `json:"round"`
	Phase      string            `json:"phase"`
	Version    uint32            `json:"version"`
	Reason     string            `json:"reason,omitempty"`
	Logs       []json.RawMessage `json:"logs,omitempty"`
	CustomInfo json.RawMessage   `json:"custom_info,omitempty"`
	Error      json.RawMessage   `json:"error,omitempty"`
}

func toTransition(info pc.PhaseInfo, start time.Time, round int) transition {
	t := transition{TMs: time.Since(start).Milliseconds(), Round: round, Phase: strings.TrimPrefix(info.Phase().String(), "Phase"), Version: info.Version(), Reason: info.Reason()}
	if taskInfo := info.Info(); taskInfo != nil {
		for _, l := range taskInfo.Logs {
			t.Logs = append(t.Logs, toJSON(l))
		}
		if taskInfo.CustomInfo != nil {
			t.CustomInfo = toJSON(taskInfo.CustomInfo)
		}
	}
	if info.Err() != nil {
		t.Error = toJSON(info.Err())
	}
	return t
}

// key is the same for transitions that tell nothing new.
func (t transition) key() string {
	key := fmt.Sprint(t.Phase, t.Version, t.Reason, len(t.Logs), string(t.CustomInfo))
	for _, l := range t.Logs {
		key += string(l)
	}
	return key
}

// finish adds what the relay has seen, prints the report and ends the program.
func (r *report) finish(rl *relay, code int) {
	r.WallMs = time.Since(r.start).Milliseconds()
	if rl != nil {
		r.addCalls(rl.snapshot())
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(r)
	os.Exit(code)
}

func (r *report) addCalls(records []*rpcRecord) {
	r.Summary = map[string]int{}
	types := map[string]bool{}
	for _, record := range records {
		method := shortMethod(record.Method)
		r.Summary[method+" "+record.Code]++
		if method == "ListAgents" {
			for _, response := range record.Res {
				for _, announced := range announcedTypes(response) {
					types[announced] = true
				}
			}
			if !*listOnly {
				continue
			}
		}
		if *count == 1 {
			r.RPCs = append(r.RPCs, record)
		}
	}
	for t := range types {
		r.Types = append(r.Types, t)
	}
	sort.Strings(r.Types)
}

// announcedTypes reads a ListAgents response.
func announcedTypes(response json.RawMessage) []string {
	var list admin.ListAgentsResponse
	if protojson.Unmarshal(response, &list) != nil {
		return nil
	}
	var types []string
	for _, a := range list.GetAgents() {
		for _, c := range a.GetSupportedTaskCategories() {
			types = append(types, fmt.Sprintf("%s/%d sync=%v agent=%s", c.GetName(), c.GetVersion(), a.GetIsSync(), a.GetName()))
		}
		for _, c := range a.GetSupportedTaskTypes() { //nolint
			types = append(types, fmt.Sprintf("%s (deprecated field) sync=%v agent=%s", c, a.GetIsSync(), a.GetName()))
		}
	}
	return types
}

func toJSON(message proto.Message) json.RawMessage {
	b, err := protojson.Marshal(message)
	if err != nil {
		b, _ = json.Marshal("unprintable: " + err.Error())
	}
	return b
}
