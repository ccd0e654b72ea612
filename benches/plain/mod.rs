// Made by `cargo xtask bench`, with typify, from the shapes of the contract without its constraints.
#[doc = "`ActiveProgramInstance`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ActiveProgramInstance {
    #[serde(rename = "carriedOverExercises", default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub carried_over_exercises: ::std::vec::Vec<ExercisePrescription>,
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "completedWorkoutHistory", default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub completed_workout_history: ::std::vec::Vec<CompletedWorkout>,
    #[serde(rename = "currentWorkoutOrderInProgram")]
    pub current_workout_order_in_program: Order,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "lastCompletedWorkoutDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub last_completed_workout_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "lastWorkoutLogId", skip_serializing_if = "::std::option::Option::is_none")]
    pub last_workout_log_id: ::std::option::Option<Id>,
    #[serde(rename = "programDefinitionId")]
    pub program_definition_id: Id,
    #[serde(rename = "progressionAdjustments", default, skip_serializing_if = ":: std :: collections :: HashMap::is_empty")]
    pub progression_adjustments: ::std::collections::HashMap<::std::string::String, ProgressionAdjustment>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "startDate")]
    pub start_date: Timestamp,
    pub status: ActiveProgramInstanceStatus,
    #[serde(rename = "userId")]
    pub user_id: ::std::string::String,
}
#[doc = "`ActiveProgramInstanceFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ActiveProgramInstanceFeedChange {
    pub collection: ActiveProgramInstanceFeedChangeCollection,
    pub op: Op,
    pub record: ActiveProgramInstanceRecord,
    pub rev: Revision,
}
#[doc = "`ActiveProgramInstanceFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ActiveProgramInstanceFeedChangeCollection {
    #[serde(rename = "active-program-instances")]
    ActiveProgramInstances,
}
impl ::std::fmt::Display for ActiveProgramInstanceFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::ActiveProgramInstances => f.write_str("active-program-instances"),
        }
    }
}
impl ::std::str::FromStr for ActiveProgramInstanceFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "active-program-instances" => Ok(Self::ActiveProgramInstances),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ActiveProgramInstanceFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ActiveProgramInstanceFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ActiveProgramInstanceRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum ActiveProgramInstanceRecord {
    ActiveProgramInstance(ActiveProgramInstance),
    Tombstone(Tombstone),
}
impl ::std::convert::From<ActiveProgramInstance> for ActiveProgramInstanceRecord {
    fn from(value: ActiveProgramInstance) -> Self {
        Self::ActiveProgramInstance(value)
    }
}
impl ::std::convert::From<Tombstone> for ActiveProgramInstanceRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`ActiveProgramInstanceStatus`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ActiveProgramInstanceStatus {
    #[serde(rename = "active")]
    Active,
    #[serde(rename = "paused")]
    Paused,
    #[serde(rename = "completed")]
    Completed,
}
impl ::std::fmt::Display for ActiveProgramInstanceStatus {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Active => f.write_str("active"),
            Self::Paused => f.write_str("paused"),
            Self::Completed => f.write_str("completed"),
        }
    }
}
impl ::std::str::FromStr for ActiveProgramInstanceStatus {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            "completed" => Ok(Self::Completed),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ActiveProgramInstanceStatus {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ActiveProgramInstanceStatus {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`AllCondition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AllCondition {
    pub all: ::std::vec::Vec<Condition>,
}
#[doc = "`AmrapRepsSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AmrapRepsSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedReps")]
    pub logged_reps: Reps,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: AmrapRepsSetSetType,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`AmrapRepsSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AmrapRepsSetSetType {
    #[serde(rename = "amrapReps")]
    AmrapReps,
}
impl ::std::fmt::Display for AmrapRepsSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::AmrapReps => f.write_str("amrapReps"),
        }
    }
}
impl ::std::str::FromStr for AmrapRepsSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "amrapReps" => Ok(Self::AmrapReps),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for AmrapRepsSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for AmrapRepsSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`AmrapTimeSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AmrapTimeSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedDurationSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub logged_duration_secs: ::std::option::Option<PositiveSeconds>,
    #[serde(rename = "loggedReps")]
    pub logged_reps: Reps,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: AmrapTimeSetSetType,
    #[serde(rename = "targetDurationSecs")]
    pub target_duration_secs: PositiveSeconds,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`AmrapTimeSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AmrapTimeSetSetType {
    #[serde(rename = "amrapTime")]
    AmrapTime,
}
impl ::std::fmt::Display for AmrapTimeSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::AmrapTime => f.write_str("amrapTime"),
        }
    }
}
impl ::std::str::FromStr for AmrapTimeSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "amrapTime" => Ok(Self::AmrapTime),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for AmrapTimeSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for AmrapTimeSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`AnyCondition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AnyCondition {
    pub any: ::std::vec::Vec<Condition>,
}
#[doc = "`AppliedProgressionLog`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AppliedProgressionLog {
    #[serde(rename = "actionTaken")]
    pub action_taken: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
    #[serde(rename = "changeDescription")]
    pub change_description: ::std::string::String,
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    pub date: Timestamp,
    #[serde(rename = "exerciseDefinitionId", skip_serializing_if = "::std::option::Option::is_none")]
    pub exercise_definition_id: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "programInstanceId", skip_serializing_if = "::std::option::Option::is_none")]
    pub program_instance_id: ::std::option::Option<Id>,
    #[serde(rename = "ruleId")]
    pub rule_id: Id,
    #[serde(rename = "ruleName")]
    pub rule_name: Name,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "userOverride", skip_serializing_if = "::std::option::Option::is_none")]
    pub user_override: ::std::option::Option<bool>,
    #[serde(rename = "workoutLogId", skip_serializing_if = "::std::option::Option::is_none")]
    pub workout_log_id: ::std::option::Option<Id>,
}
#[doc = "`AppliedProgressionLogFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct AppliedProgressionLogFeedChange {
    pub collection: AppliedProgressionLogFeedChangeCollection,
    pub op: Op,
    pub record: AppliedProgressionLogRecord,
    pub rev: Revision,
}
#[doc = "`AppliedProgressionLogFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AppliedProgressionLogFeedChangeCollection {
    #[serde(rename = "applied-progression-logs")]
    AppliedProgressionLogs,
}
impl ::std::fmt::Display for AppliedProgressionLogFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::AppliedProgressionLogs => f.write_str("applied-progression-logs"),
        }
    }
}
impl ::std::str::FromStr for AppliedProgressionLogFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "applied-progression-logs" => Ok(Self::AppliedProgressionLogs),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for AppliedProgressionLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for AppliedProgressionLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`AppliedProgressionLogRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum AppliedProgressionLogRecord {
    AppliedProgressionLog(AppliedProgressionLog),
    Tombstone(Tombstone),
}
impl ::std::convert::From<AppliedProgressionLog> for AppliedProgressionLogRecord {
    fn from(value: AppliedProgressionLog) -> Self {
        Self::AppliedProgressionLog(value)
    }
}
impl ::std::convert::From<Tombstone> for AppliedProgressionLogRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`BodyweightKg`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct BodyweightKg(pub f64);
impl ::std::ops::Deref for BodyweightKg {
    type Target = f64;
    fn deref(&self) -> &f64 {
        &self.0
    }
}
impl ::std::convert::From<BodyweightKg> for f64 {
    fn from(value: BodyweightKg) -> Self {
        value.0
    }
}
impl ::std::convert::From<f64> for BodyweightKg {
    fn from(value: f64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for BodyweightKg {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for BodyweightKg {
    type Err = <f64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for BodyweightKg {
    type Error = <f64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for BodyweightKg {
    type Error = <f64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`BodyweightTargetGoal`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct BodyweightTargetGoal {
    #[serde(rename = "achievedDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub achieved_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "creationDate")]
    pub creation_date: Timestamp,
    #[serde(rename = "currentValue", skip_serializing_if = "::std::option::Option::is_none")]
    pub current_value: ::std::option::Option<f64>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(rename = "progressNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub progress_notes: ::std::option::Option<Notes>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    pub status: UserGoalFieldsStatus,
    #[serde(rename = "targetBodyweightKg")]
    pub target_bodyweight_kg: BodyweightKg,
    #[serde(rename = "targetDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "type")]
    pub type_: BodyweightTargetGoalType,
}
#[doc = "`BodyweightTargetGoalType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum BodyweightTargetGoalType {
    #[serde(rename = "bodyweightTarget")]
    BodyweightTarget,
}
impl ::std::fmt::Display for BodyweightTargetGoalType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::BodyweightTarget => f.write_str("bodyweightTarget"),
        }
    }
}
impl ::std::str::FromStr for BodyweightTargetGoalType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "bodyweightTarget" => Ok(Self::BodyweightTarget),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for BodyweightTargetGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for BodyweightTargetGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`CompletedWorkout`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct CompletedWorkout {
    #[serde(rename = "completedDate")]
    pub completed_date: Timestamp,
    #[serde(rename = "orderInProgram")]
    pub order_in_program: Order,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`Condition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum Condition {
    AllCondition(AllCondition),
    AnyCondition(AnyCondition),
    NotCondition(NotCondition),
    LeafCondition(LeafCondition),
}
impl ::std::convert::From<AllCondition> for Condition {
    fn from(value: AllCondition) -> Self {
        Self::AllCondition(value)
    }
}
impl ::std::convert::From<AnyCondition> for Condition {
    fn from(value: AnyCondition) -> Self {
        Self::AnyCondition(value)
    }
}
impl ::std::convert::From<NotCondition> for Condition {
    fn from(value: NotCondition) -> Self {
        Self::NotCondition(value)
    }
}
impl ::std::convert::From<LeafCondition> for Condition {
    fn from(value: LeafCondition) -> Self {
        Self::LeafCondition(value)
    }
}
#[doc = "`Cursor`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct Cursor(pub ::std::string::String);
impl ::std::ops::Deref for Cursor {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<Cursor> for ::std::string::String {
    fn from(value: Cursor) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for Cursor {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Cursor {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`DropSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct DropSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedReps")]
    pub logged_reps: Reps,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: DropSetSetType,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<Reps>,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`DropSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DropSetSetType {
    #[serde(rename = "dropSet")]
    DropSet,
}
impl ::std::fmt::Display for DropSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::DropSet => f.write_str("dropSet"),
        }
    }
}
impl ::std::str::FromStr for DropSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "dropSet" => Ok(Self::DropSet),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for DropSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for DropSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ExerciseDefinition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ExerciseDefinition {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub equipment: ::std::option::Option<Tag>,
    pub id: Id,
    #[serde(rename = "isCustom")]
    pub is_custom: bool,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "primaryMuscleGroups", default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub primary_muscle_groups: ::std::vec::Vec<Tag>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "typicalAdvancedSetType", skip_serializing_if = "::std::option::Option::is_none")]
    pub typical_advanced_set_type: ::std::option::Option<Tag>,
}
#[doc = "`ExerciseDefinitionFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ExerciseDefinitionFeedChange {
    pub collection: ExerciseDefinitionFeedChangeCollection,
    pub op: Op,
    pub record: ExerciseDefinitionRecord,
    pub rev: Revision,
}
#[doc = "`ExerciseDefinitionFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ExerciseDefinitionFeedChangeCollection {
    #[serde(rename = "exercise-definitions")]
    ExerciseDefinitions,
}
impl ::std::fmt::Display for ExerciseDefinitionFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::ExerciseDefinitions => f.write_str("exercise-definitions"),
        }
    }
}
impl ::std::str::FromStr for ExerciseDefinitionFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "exercise-definitions" => Ok(Self::ExerciseDefinitions),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ExerciseDefinitionFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ExerciseDefinitionFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ExerciseDefinitionRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum ExerciseDefinitionRecord {
    ExerciseDefinition(ExerciseDefinition),
    Tombstone(Tombstone),
}
impl ::std::convert::From<ExerciseDefinition> for ExerciseDefinitionRecord {
    fn from(value: ExerciseDefinition) -> Self {
        Self::ExerciseDefinition(value)
    }
}
impl ::std::convert::From<Tombstone> for ExerciseDefinitionRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`ExercisePrescription`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ExercisePrescription {
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "orderInTemplate")]
    pub order_in_template: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<RepsText>,
    #[serde(rename = "targetSetDefinitions")]
    pub target_set_definitions: ::std::vec::Vec<TargetSetDefinition>,
    #[serde(rename = "targetSets", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_sets: ::std::option::Option<i64>,
    #[serde(rename = "targetWeightNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_notes: ::std::option::Option<TargetWeightNotes>,
}
#[doc = "`FeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum FeedChange {
    ActiveProgramInstanceFeedChange(ActiveProgramInstanceFeedChange),
    AppliedProgressionLogFeedChange(AppliedProgressionLogFeedChange),
    ExerciseDefinitionFeedChange(ExerciseDefinitionFeedChange),
    LoggedSetFeedChange(LoggedSetFeedChange),
    ProgramDefinitionFeedChange(ProgramDefinitionFeedChange),
    ProgressionRuleFeedChange(ProgressionRuleFeedChange),
    UserBodyweightLogFeedChange(UserBodyweightLogFeedChange),
    UserGoalFeedChange(UserGoalFeedChange),
    UserSettingsFeedChange(UserSettingsFeedChange),
    WorkoutLogFeedChange(WorkoutLogFeedChange),
    WorkoutTemplateExerciseInstanceFeedChange(WorkoutTemplateExerciseInstanceFeedChange),
    WorkoutTemplateFeedChange(WorkoutTemplateFeedChange),
}
impl ::std::convert::From<ActiveProgramInstanceFeedChange> for FeedChange {
    fn from(value: ActiveProgramInstanceFeedChange) -> Self {
        Self::ActiveProgramInstanceFeedChange(value)
    }
}
impl ::std::convert::From<AppliedProgressionLogFeedChange> for FeedChange {
    fn from(value: AppliedProgressionLogFeedChange) -> Self {
        Self::AppliedProgressionLogFeedChange(value)
    }
}
impl ::std::convert::From<ExerciseDefinitionFeedChange> for FeedChange {
    fn from(value: ExerciseDefinitionFeedChange) -> Self {
        Self::ExerciseDefinitionFeedChange(value)
    }
}
impl ::std::convert::From<LoggedSetFeedChange> for FeedChange {
    fn from(value: LoggedSetFeedChange) -> Self {
        Self::LoggedSetFeedChange(value)
    }
}
impl ::std::convert::From<ProgramDefinitionFeedChange> for FeedChange {
    fn from(value: ProgramDefinitionFeedChange) -> Self {
        Self::ProgramDefinitionFeedChange(value)
    }
}
impl ::std::convert::From<ProgressionRuleFeedChange> for FeedChange {
    fn from(value: ProgressionRuleFeedChange) -> Self {
        Self::ProgressionRuleFeedChange(value)
    }
}
impl ::std::convert::From<UserBodyweightLogFeedChange> for FeedChange {
    fn from(value: UserBodyweightLogFeedChange) -> Self {
        Self::UserBodyweightLogFeedChange(value)
    }
}
impl ::std::convert::From<UserGoalFeedChange> for FeedChange {
    fn from(value: UserGoalFeedChange) -> Self {
        Self::UserGoalFeedChange(value)
    }
}
impl ::std::convert::From<UserSettingsFeedChange> for FeedChange {
    fn from(value: UserSettingsFeedChange) -> Self {
        Self::UserSettingsFeedChange(value)
    }
}
impl ::std::convert::From<WorkoutLogFeedChange> for FeedChange {
    fn from(value: WorkoutLogFeedChange) -> Self {
        Self::WorkoutLogFeedChange(value)
    }
}
impl ::std::convert::From<WorkoutTemplateExerciseInstanceFeedChange> for FeedChange {
    fn from(value: WorkoutTemplateExerciseInstanceFeedChange) -> Self {
        Self::WorkoutTemplateExerciseInstanceFeedChange(value)
    }
}
impl ::std::convert::From<WorkoutTemplateFeedChange> for FeedChange {
    fn from(value: WorkoutTemplateFeedChange) -> Self {
        Self::WorkoutTemplateFeedChange(value)
    }
}
#[doc = "`FeedPage`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct FeedPage {
    pub changes: ::std::vec::Vec<FeedChange>,
    #[serde(rename = "hasMore")]
    pub has_more: bool,
    #[serde(rename = "nextCursor")]
    pub next_cursor: Cursor,
    #[serde(rename = "serverTime")]
    pub server_time: Timestamp,
    #[serde(rename = "userRev")]
    pub user_rev: Revision,
}
#[doc = "`Id`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct Id(pub ::std::string::String);
impl ::std::ops::Deref for Id {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<Id> for ::std::string::String {
    fn from(value: Id) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for Id {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Id {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Id {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`LeafCondition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct LeafCondition {
    pub fact: Tag,
    pub operator: Tag,
    #[serde(default, skip_serializing_if = "::serde_json::Map::is_empty")]
    pub params: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub path: ::std::option::Option<::std::string::String>,
    pub value: ::serde_json::Value,
}
#[doc = "`LiftTargetGoal`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct LiftTargetGoal {
    #[serde(rename = "achievedDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub achieved_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "creationDate")]
    pub creation_date: Timestamp,
    #[serde(rename = "currentValue", skip_serializing_if = "::std::option::Option::is_none")]
    pub current_value: ::std::option::Option<f64>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(rename = "progressNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub progress_notes: ::std::option::Option<Notes>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    pub status: UserGoalFieldsStatus,
    #[serde(rename = "targetDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "targetExerciseDefinitionId")]
    pub target_exercise_definition_id: Id,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<PositiveReps>,
    #[serde(rename = "targetWeightKg")]
    pub target_weight_kg: WeightKg,
    #[serde(rename = "type")]
    pub type_: LiftTargetGoalType,
}
#[doc = "`LiftTargetGoalType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LiftTargetGoalType {
    #[serde(rename = "liftTarget")]
    LiftTarget,
}
impl ::std::fmt::Display for LiftTargetGoalType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::LiftTarget => f.write_str("liftTarget"),
        }
    }
}
impl ::std::str::FromStr for LiftTargetGoalType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "liftTarget" => Ok(Self::LiftTarget),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for LiftTargetGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for LiftTargetGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`LinkedProgressionRule`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct LinkedProgressionRule {
    #[serde(rename = "ruleId")]
    pub rule_id: Id,
    pub scope: LinkedProgressionRuleScope,
    #[serde(rename = "scopeIdentifier", skip_serializing_if = "::std::option::Option::is_none")]
    pub scope_identifier: ::std::option::Option<::std::string::String>,
}
#[doc = "`LinkedProgressionRuleScope`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LinkedProgressionRuleScope {
    #[serde(rename = "program")]
    Program,
    #[serde(rename = "workoutInProgram")]
    WorkoutInProgram,
    #[serde(rename = "exerciseInProgram")]
    ExerciseInProgram,
}
impl ::std::fmt::Display for LinkedProgressionRuleScope {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Program => f.write_str("program"),
            Self::WorkoutInProgram => f.write_str("workoutInProgram"),
            Self::ExerciseInProgram => f.write_str("exerciseInProgram"),
        }
    }
}
impl ::std::str::FromStr for LinkedProgressionRuleScope {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "program" => Ok(Self::Program),
            "workoutInProgram" => Ok(Self::WorkoutInProgram),
            "exerciseInProgram" => Ok(Self::ExerciseInProgram),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for LinkedProgressionRuleScope {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for LinkedProgressionRuleScope {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`LoggedSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum LoggedSet {
    StandardSet(StandardSet),
    AmrapRepsSet(AmrapRepsSet),
    AmrapTimeSet(AmrapTimeSet),
    RepsForTimeSet(RepsForTimeSet),
    PyramidSet(PyramidSet),
    DropSet(DropSet),
}
impl ::std::convert::From<StandardSet> for LoggedSet {
    fn from(value: StandardSet) -> Self {
        Self::StandardSet(value)
    }
}
impl ::std::convert::From<AmrapRepsSet> for LoggedSet {
    fn from(value: AmrapRepsSet) -> Self {
        Self::AmrapRepsSet(value)
    }
}
impl ::std::convert::From<AmrapTimeSet> for LoggedSet {
    fn from(value: AmrapTimeSet) -> Self {
        Self::AmrapTimeSet(value)
    }
}
impl ::std::convert::From<RepsForTimeSet> for LoggedSet {
    fn from(value: RepsForTimeSet) -> Self {
        Self::RepsForTimeSet(value)
    }
}
impl ::std::convert::From<PyramidSet> for LoggedSet {
    fn from(value: PyramidSet) -> Self {
        Self::PyramidSet(value)
    }
}
impl ::std::convert::From<DropSet> for LoggedSet {
    fn from(value: DropSet) -> Self {
        Self::DropSet(value)
    }
}
#[doc = "`LoggedSetFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct LoggedSetFeedChange {
    pub collection: LoggedSetFeedChangeCollection,
    pub op: Op,
    pub record: LoggedSetRecord,
    pub rev: Revision,
}
#[doc = "`LoggedSetFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LoggedSetFeedChangeCollection {
    #[serde(rename = "logged-sets")]
    LoggedSets,
}
impl ::std::fmt::Display for LoggedSetFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::LoggedSets => f.write_str("logged-sets"),
        }
    }
}
impl ::std::str::FromStr for LoggedSetFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "logged-sets" => Ok(Self::LoggedSets),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for LoggedSetFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for LoggedSetFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`LoggedSetRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum LoggedSetRecord {
    LoggedSet(LoggedSet),
    Tombstone(Tombstone),
}
impl ::std::convert::From<LoggedSet> for LoggedSetRecord {
    fn from(value: LoggedSet) -> Self {
        Self::LoggedSet(value)
    }
}
impl ::std::convert::From<Tombstone> for LoggedSetRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`Name`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct Name(pub ::std::string::String);
impl ::std::ops::Deref for Name {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<Name> for ::std::string::String {
    fn from(value: Name) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for Name {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Name {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Name {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`NotCondition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct NotCondition {
    pub not: ::std::boxed::Box<Condition>,
}
#[doc = "`Notes`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct Notes(pub ::std::string::String);
impl ::std::ops::Deref for Notes {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<Notes> for ::std::string::String {
    fn from(value: Notes) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for Notes {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Notes {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Notes {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`Op`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct Op {
    #[serde(rename = "deviceId")]
    pub device_id: Id,
    pub id: Id,
    pub seq: Seq,
}
#[doc = "`Order`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Order(pub i64);
impl ::std::ops::Deref for Order {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Order> for i64 {
    fn from(value: Order) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Order {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Order {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Order {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Order {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Order {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`PositiveReps`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct PositiveReps(pub i64);
impl ::std::ops::Deref for PositiveReps {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<PositiveReps> for i64 {
    fn from(value: PositiveReps) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for PositiveReps {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for PositiveReps {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for PositiveReps {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for PositiveReps {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for PositiveReps {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`PositiveSeconds`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct PositiveSeconds(pub i64);
impl ::std::ops::Deref for PositiveSeconds {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<PositiveSeconds> for i64 {
    fn from(value: PositiveSeconds) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for PositiveSeconds {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for PositiveSeconds {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for PositiveSeconds {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for PositiveSeconds {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for PositiveSeconds {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`ProgramCompletionGoal`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgramCompletionGoal {
    #[serde(rename = "achievedDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub achieved_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "creationDate")]
    pub creation_date: Timestamp,
    #[serde(rename = "currentValue", skip_serializing_if = "::std::option::Option::is_none")]
    pub current_value: ::std::option::Option<f64>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(rename = "progressNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub progress_notes: ::std::option::Option<Notes>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    pub status: UserGoalFieldsStatus,
    #[serde(rename = "targetDate", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_date: ::std::option::Option<Timestamp>,
    #[serde(rename = "targetProgramDefinitionId")]
    pub target_program_definition_id: Id,
    #[serde(rename = "type")]
    pub type_: ProgramCompletionGoalType,
}
#[doc = "`ProgramCompletionGoalType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ProgramCompletionGoalType {
    #[serde(rename = "programCompletion")]
    ProgramCompletion,
}
impl ::std::fmt::Display for ProgramCompletionGoalType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::ProgramCompletion => f.write_str("programCompletion"),
        }
    }
}
impl ::std::str::FromStr for ProgramCompletionGoalType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "programCompletion" => Ok(Self::ProgramCompletion),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ProgramCompletionGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ProgramCompletionGoalType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ProgramDefinition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgramDefinition {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<Notes>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "linkedProgressionRuleIds", default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub linked_progression_rule_ids: ::std::vec::Vec<LinkedProgressionRule>,
    pub name: Name,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "targetFrequency")]
    pub target_frequency: TargetFrequency,
    #[serde(rename = "workoutSequence")]
    pub workout_sequence: ::std::vec::Vec<ProgramWorkout>,
}
#[doc = "`ProgramDefinitionFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgramDefinitionFeedChange {
    pub collection: ProgramDefinitionFeedChangeCollection,
    pub op: Op,
    pub record: ProgramDefinitionRecord,
    pub rev: Revision,
}
#[doc = "`ProgramDefinitionFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ProgramDefinitionFeedChangeCollection {
    #[serde(rename = "program-definitions")]
    ProgramDefinitions,
}
impl ::std::fmt::Display for ProgramDefinitionFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::ProgramDefinitions => f.write_str("program-definitions"),
        }
    }
}
impl ::std::str::FromStr for ProgramDefinitionFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "program-definitions" => Ok(Self::ProgramDefinitions),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ProgramDefinitionFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ProgramDefinitionFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ProgramDefinitionRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum ProgramDefinitionRecord {
    ProgramDefinition(ProgramDefinition),
    Tombstone(Tombstone),
}
impl ::std::convert::From<ProgramDefinition> for ProgramDefinitionRecord {
    fn from(value: ProgramDefinition) -> Self {
        Self::ProgramDefinition(value)
    }
}
impl ::std::convert::From<Tombstone> for ProgramDefinitionRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`ProgramWorkout`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgramWorkout {
    #[serde(rename = "adHocExercises", default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub ad_hoc_exercises: ::std::vec::Vec<ExercisePrescription>,
    #[serde(rename = "dayTag", skip_serializing_if = "::std::option::Option::is_none")]
    pub day_tag: ::std::option::Option<Tag>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInProgram")]
    pub order_in_program: Order,
    #[serde(rename = "workoutTemplateId", skip_serializing_if = "::std::option::Option::is_none")]
    pub workout_template_id: ::std::option::Option<Id>,
}
#[doc = "`ProgressionAction`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgressionAction {
    #[serde(rename = "actionType")]
    pub action_type: ProgressionActionActionType,
    #[serde(rename = "amountKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub amount_kg: ::std::option::Option<f64>,
    #[serde(rename = "amountLbs", skip_serializing_if = "::std::option::Option::is_none")]
    pub amount_lbs: ::std::option::Option<f64>,
    #[serde(rename = "amountPercent", skip_serializing_if = "::std::option::Option::is_none")]
    pub amount_percent: ::std::option::Option<f64>,
    #[serde(rename = "exerciseName", skip_serializing_if = "::std::option::Option::is_none")]
    pub exercise_name: ::std::option::Option<Name>,
    #[serde(rename = "repsToAdd", skip_serializing_if = "::std::option::Option::is_none")]
    pub reps_to_add: ::std::option::Option<i64>,
    #[serde(rename = "suggestionText", skip_serializing_if = "::std::option::Option::is_none")]
    pub suggestion_text: ::std::option::Option<Notes>,
}
#[doc = "`ProgressionActionActionType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ProgressionActionActionType {
    #[serde(rename = "increaseWeight")]
    IncreaseWeight,
    #[serde(rename = "decreaseWeight")]
    DecreaseWeight,
    #[serde(rename = "increaseReps")]
    IncreaseReps,
    #[serde(rename = "decreaseReps")]
    DecreaseReps,
    #[serde(rename = "hold")]
    Hold,
    #[serde(rename = "suggestDeload")]
    SuggestDeload,
    #[serde(rename = "suggestSetRepSchemeChange")]
    SuggestSetRepSchemeChange,
}
impl ::std::fmt::Display for ProgressionActionActionType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::IncreaseWeight => f.write_str("increaseWeight"),
            Self::DecreaseWeight => f.write_str("decreaseWeight"),
            Self::IncreaseReps => f.write_str("increaseReps"),
            Self::DecreaseReps => f.write_str("decreaseReps"),
            Self::Hold => f.write_str("hold"),
            Self::SuggestDeload => f.write_str("suggestDeload"),
            Self::SuggestSetRepSchemeChange => f.write_str("suggestSetRepSchemeChange"),
        }
    }
}
impl ::std::str::FromStr for ProgressionActionActionType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "increaseWeight" => Ok(Self::IncreaseWeight),
            "decreaseWeight" => Ok(Self::DecreaseWeight),
            "increaseReps" => Ok(Self::IncreaseReps),
            "decreaseReps" => Ok(Self::DecreaseReps),
            "hold" => Ok(Self::Hold),
            "suggestDeload" => Ok(Self::SuggestDeload),
            "suggestSetRepSchemeChange" => Ok(Self::SuggestSetRepSchemeChange),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ProgressionActionActionType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ProgressionActionActionType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ProgressionAdjustment`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Default)]
pub struct ProgressionAdjustment {
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<RepsTarget>,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
}
#[doc = "`ProgressionEvent`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgressionEvent {
    pub params: ProgressionAction,
    #[serde(rename = "type")]
    pub type_: Tag,
}
#[doc = "`ProgressionRule`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgressionRule {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    pub conditions: Condition,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<Notes>,
    pub event: ProgressionEvent,
    pub id: Id,
    #[serde(rename = "isActive")]
    pub is_active: bool,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
}
#[doc = "`ProgressionRuleFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct ProgressionRuleFeedChange {
    pub collection: ProgressionRuleFeedChangeCollection,
    pub op: Op,
    pub record: ProgressionRuleRecord,
    pub rev: Revision,
}
#[doc = "`ProgressionRuleFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ProgressionRuleFeedChangeCollection {
    #[serde(rename = "progression-rules")]
    ProgressionRules,
}
impl ::std::fmt::Display for ProgressionRuleFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::ProgressionRules => f.write_str("progression-rules"),
        }
    }
}
impl ::std::str::FromStr for ProgressionRuleFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "progression-rules" => Ok(Self::ProgressionRules),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for ProgressionRuleFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for ProgressionRuleFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`ProgressionRuleRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum ProgressionRuleRecord {
    ProgressionRule(ProgressionRule),
    Tombstone(Tombstone),
}
impl ::std::convert::From<ProgressionRule> for ProgressionRuleRecord {
    fn from(value: ProgressionRule) -> Self {
        Self::ProgressionRule(value)
    }
}
impl ::std::convert::From<Tombstone> for ProgressionRuleRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`PyramidSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct PyramidSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedReps")]
    pub logged_reps: Reps,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: PyramidSetSetType,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<Reps>,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`PyramidSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PyramidSetSetType {
    #[serde(rename = "pyramid")]
    Pyramid,
}
impl ::std::fmt::Display for PyramidSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Pyramid => f.write_str("pyramid"),
        }
    }
}
impl ::std::str::FromStr for PyramidSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "pyramid" => Ok(Self::Pyramid),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for PyramidSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for PyramidSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`Reps`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Reps(pub i64);
impl ::std::ops::Deref for Reps {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Reps> for i64 {
    fn from(value: Reps) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Reps {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Reps {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Reps {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Reps {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Reps {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`RepsForTimeSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct RepsForTimeSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub logged_reps: ::std::option::Option<PositiveReps>,
    #[serde(rename = "loggedTimeTakenSecs")]
    pub logged_time_taken_secs: PositiveSeconds,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: RepsForTimeSetSetType,
    #[serde(rename = "targetReps")]
    pub target_reps: PositiveReps,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`RepsForTimeSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RepsForTimeSetSetType {
    #[serde(rename = "repsForTime")]
    RepsForTime,
}
impl ::std::fmt::Display for RepsForTimeSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::RepsForTime => f.write_str("repsForTime"),
        }
    }
}
impl ::std::str::FromStr for RepsForTimeSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "repsForTime" => Ok(Self::RepsForTime),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for RepsForTimeSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for RepsForTimeSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`RepsTarget`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum RepsTarget {
    Variant0(RepsText),
    Variant1(Reps),
}
impl ::std::fmt::Display for RepsTarget {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match self {
            Self::Variant0(x) => x.fmt(f),
            Self::Variant1(x) => x.fmt(f),
        }
    }
}
impl ::std::convert::From<RepsText> for RepsTarget {
    fn from(value: RepsText) -> Self {
        Self::Variant0(value)
    }
}
impl ::std::convert::From<Reps> for RepsTarget {
    fn from(value: Reps) -> Self {
        Self::Variant1(value)
    }
}
#[doc = "`RepsText`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct RepsText(pub ::std::string::String);
impl ::std::ops::Deref for RepsText {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<RepsText> for ::std::string::String {
    fn from(value: RepsText) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for RepsText {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for RepsText {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for RepsText {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`Revision`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Revision(pub i64);
impl ::std::ops::Deref for Revision {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Revision> for i64 {
    fn from(value: Revision) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Revision {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Revision {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Revision {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Revision {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Revision {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`Seconds`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Seconds(pub i64);
impl ::std::ops::Deref for Seconds {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Seconds> for i64 {
    fn from(value: Seconds) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Seconds {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Seconds {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Seconds {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Seconds {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`Seq`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Seq(pub i64);
impl ::std::ops::Deref for Seq {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Seq> for i64 {
    fn from(value: Seq) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Seq {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Seq {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Seq {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Seq {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Seq {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`SetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SetType {
    #[serde(rename = "standard")]
    Standard,
    #[serde(rename = "amrapReps")]
    AmrapReps,
    #[serde(rename = "amrapTime")]
    AmrapTime,
    #[serde(rename = "repsForTime")]
    RepsForTime,
    #[serde(rename = "pyramid")]
    Pyramid,
    #[serde(rename = "dropSet")]
    DropSet,
}
impl ::std::fmt::Display for SetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Standard => f.write_str("standard"),
            Self::AmrapReps => f.write_str("amrapReps"),
            Self::AmrapTime => f.write_str("amrapTime"),
            Self::RepsForTime => f.write_str("repsForTime"),
            Self::Pyramid => f.write_str("pyramid"),
            Self::DropSet => f.write_str("dropSet"),
        }
    }
}
impl ::std::str::FromStr for SetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "standard" => Ok(Self::Standard),
            "amrapReps" => Ok(Self::AmrapReps),
            "amrapTime" => Ok(Self::AmrapTime),
            "repsForTime" => Ok(Self::RepsForTime),
            "pyramid" => Ok(Self::Pyramid),
            "dropSet" => Ok(Self::DropSet),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for SetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for SetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`StandardSet`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct StandardSet {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    #[serde(rename = "groupKey", skip_serializing_if = "::std::option::Option::is_none")]
    pub group_key: ::std::option::Option<Id>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub level: ::std::option::Option<i64>,
    #[serde(rename = "loggedReps")]
    pub logged_reps: Reps,
    #[serde(rename = "loggedWeightKg")]
    pub logged_weight_kg: WeightKg,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "orderInExercise")]
    pub order_in_exercise: Order,
    #[serde(rename = "orderInWorkout")]
    pub order_in_workout: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "setType")]
    pub set_type: StandardSetSetType,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<Reps>,
    #[serde(rename = "targetWeightKg", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_kg: ::std::option::Option<WeightKg>,
    #[serde(rename = "workoutLogId")]
    pub workout_log_id: Id,
}
#[doc = "`StandardSetSetType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StandardSetSetType {
    #[serde(rename = "standard")]
    Standard,
}
impl ::std::fmt::Display for StandardSetSetType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Standard => f.write_str("standard"),
        }
    }
}
impl ::std::str::FromStr for StandardSetSetType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "standard" => Ok(Self::Standard),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for StandardSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for StandardSetSetType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`Tag`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct Tag(pub ::std::string::String);
impl ::std::ops::Deref for Tag {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<Tag> for ::std::string::String {
    fn from(value: Tag) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for Tag {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Tag {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Tag {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`TargetFrequency`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct TargetFrequency {
    #[serde(rename = "type")]
    pub type_: TargetFrequencyType,
    pub value: f64,
}
#[doc = "`TargetFrequencyType`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TargetFrequencyType {
    #[serde(rename = "perWeek")]
    PerWeek,
    #[serde(rename = "everyXDays")]
    EveryXDays,
}
impl ::std::fmt::Display for TargetFrequencyType {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::PerWeek => f.write_str("perWeek"),
            Self::EveryXDays => f.write_str("everyXDays"),
        }
    }
}
impl ::std::str::FromStr for TargetFrequencyType {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "perWeek" => Ok(Self::PerWeek),
            "everyXDays" => Ok(Self::EveryXDays),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for TargetFrequencyType {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for TargetFrequencyType {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`TargetSetDefinition`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct TargetSetDefinition {
    pub order: Order,
    #[serde(rename = "setType")]
    pub set_type: SetType,
    #[serde(rename = "targetDurationSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_duration_secs: ::std::option::Option<PositiveSeconds>,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<RepsTarget>,
    #[serde(rename = "targetWeightNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_notes: ::std::option::Option<TargetWeightNotes>,
}
#[doc = "`TargetWeightNotes`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct TargetWeightNotes(pub ::std::string::String);
impl ::std::ops::Deref for TargetWeightNotes {
    type Target = ::std::string::String;
    fn deref(&self) -> &::std::string::String {
        &self.0
    }
}
impl ::std::convert::From<TargetWeightNotes> for ::std::string::String {
    fn from(value: TargetWeightNotes) -> Self {
        value.0
    }
}
impl ::std::convert::From<::std::string::String> for TargetWeightNotes {
    fn from(value: ::std::string::String) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for TargetWeightNotes {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for TargetWeightNotes {
    type Err = ::std::convert::Infallible;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.to_string()))
    }
}
#[doc = "`Timestamp`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct Timestamp(pub i64);
impl ::std::ops::Deref for Timestamp {
    type Target = i64;
    fn deref(&self) -> &i64 {
        &self.0
    }
}
impl ::std::convert::From<Timestamp> for i64 {
    fn from(value: Timestamp) -> Self {
        value.0
    }
}
impl ::std::convert::From<i64> for Timestamp {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for Timestamp {
    type Err = <i64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for Timestamp {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for Timestamp {
    type Error = <i64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`Tombstone`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct Tombstone {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
}
#[doc = "`UserBodyweightLog`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct UserBodyweightLog {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    pub date: Timestamp,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "weightKg")]
    pub weight_kg: BodyweightKg,
}
#[doc = "`UserBodyweightLogFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct UserBodyweightLogFeedChange {
    pub collection: UserBodyweightLogFeedChangeCollection,
    pub op: Op,
    pub record: UserBodyweightLogRecord,
    pub rev: Revision,
}
#[doc = "`UserBodyweightLogFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserBodyweightLogFeedChangeCollection {
    #[serde(rename = "user-bodyweight-logs")]
    UserBodyweightLogs,
}
impl ::std::fmt::Display for UserBodyweightLogFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::UserBodyweightLogs => f.write_str("user-bodyweight-logs"),
        }
    }
}
impl ::std::str::FromStr for UserBodyweightLogFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "user-bodyweight-logs" => Ok(Self::UserBodyweightLogs),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserBodyweightLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserBodyweightLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`UserBodyweightLogRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum UserBodyweightLogRecord {
    UserBodyweightLog(UserBodyweightLog),
    Tombstone(Tombstone),
}
impl ::std::convert::From<UserBodyweightLog> for UserBodyweightLogRecord {
    fn from(value: UserBodyweightLog) -> Self {
        Self::UserBodyweightLog(value)
    }
}
impl ::std::convert::From<Tombstone> for UserBodyweightLogRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`UserGoal`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum UserGoal {
    LiftTargetGoal(LiftTargetGoal),
    ProgramCompletionGoal(ProgramCompletionGoal),
    BodyweightTargetGoal(BodyweightTargetGoal),
}
impl ::std::convert::From<LiftTargetGoal> for UserGoal {
    fn from(value: LiftTargetGoal) -> Self {
        Self::LiftTargetGoal(value)
    }
}
impl ::std::convert::From<ProgramCompletionGoal> for UserGoal {
    fn from(value: ProgramCompletionGoal) -> Self {
        Self::ProgramCompletionGoal(value)
    }
}
impl ::std::convert::From<BodyweightTargetGoal> for UserGoal {
    fn from(value: BodyweightTargetGoal) -> Self {
        Self::BodyweightTargetGoal(value)
    }
}
#[doc = "`UserGoalFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct UserGoalFeedChange {
    pub collection: UserGoalFeedChangeCollection,
    pub op: Op,
    pub record: UserGoalRecord,
    pub rev: Revision,
}
#[doc = "`UserGoalFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserGoalFeedChangeCollection {
    #[serde(rename = "user-goals")]
    UserGoals,
}
impl ::std::fmt::Display for UserGoalFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::UserGoals => f.write_str("user-goals"),
        }
    }
}
impl ::std::str::FromStr for UserGoalFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "user-goals" => Ok(Self::UserGoals),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserGoalFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserGoalFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`UserGoalFieldsStatus`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserGoalFieldsStatus {
    #[serde(rename = "active")]
    Active,
    #[serde(rename = "achieved")]
    Achieved,
    #[serde(rename = "archived")]
    Archived,
}
impl ::std::fmt::Display for UserGoalFieldsStatus {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Active => f.write_str("active"),
            Self::Achieved => f.write_str("achieved"),
            Self::Archived => f.write_str("archived"),
        }
    }
}
impl ::std::str::FromStr for UserGoalFieldsStatus {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "active" => Ok(Self::Active),
            "achieved" => Ok(Self::Achieved),
            "archived" => Ok(Self::Archived),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserGoalFieldsStatus {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserGoalFieldsStatus {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`UserGoalRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum UserGoalRecord {
    UserGoal(UserGoal),
    Tombstone(Tombstone),
}
impl ::std::convert::From<UserGoal> for UserGoalRecord {
    fn from(value: UserGoal) -> Self {
        Self::UserGoal(value)
    }
}
impl ::std::convert::From<Tombstone> for UserGoalRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`UserSettings`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct UserSettings {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "defaultRestTimerSecs")]
    pub default_rest_timer_secs: i64,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "preferredWeightUnit")]
    pub preferred_weight_unit: UserSettingsPreferredWeightUnit,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    pub theme: UserSettingsTheme,
}
#[doc = "`UserSettingsFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct UserSettingsFeedChange {
    pub collection: UserSettingsFeedChangeCollection,
    pub op: Op,
    pub record: UserSettingsRecord,
    pub rev: Revision,
}
#[doc = "`UserSettingsFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserSettingsFeedChangeCollection {
    #[serde(rename = "user-settings")]
    UserSettings,
}
impl ::std::fmt::Display for UserSettingsFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::UserSettings => f.write_str("user-settings"),
        }
    }
}
impl ::std::str::FromStr for UserSettingsFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "user-settings" => Ok(Self::UserSettings),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserSettingsFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserSettingsFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`UserSettingsPreferredWeightUnit`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserSettingsPreferredWeightUnit {
    #[serde(rename = "kg")]
    Kg,
    #[serde(rename = "lbs")]
    Lbs,
}
impl ::std::fmt::Display for UserSettingsPreferredWeightUnit {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Kg => f.write_str("kg"),
            Self::Lbs => f.write_str("lbs"),
        }
    }
}
impl ::std::str::FromStr for UserSettingsPreferredWeightUnit {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "kg" => Ok(Self::Kg),
            "lbs" => Ok(Self::Lbs),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserSettingsPreferredWeightUnit {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserSettingsPreferredWeightUnit {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`UserSettingsRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum UserSettingsRecord {
    UserSettings(UserSettings),
    Tombstone(Tombstone),
}
impl ::std::convert::From<UserSettings> for UserSettingsRecord {
    fn from(value: UserSettings) -> Self {
        Self::UserSettings(value)
    }
}
impl ::std::convert::From<Tombstone> for UserSettingsRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`UserSettingsTheme`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum UserSettingsTheme {
    #[serde(rename = "light")]
    Light,
    #[serde(rename = "dark")]
    Dark,
    #[serde(rename = "system")]
    System,
}
impl ::std::fmt::Display for UserSettingsTheme {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::Light => f.write_str("light"),
            Self::Dark => f.write_str("dark"),
            Self::System => f.write_str("system"),
        }
    }
}
impl ::std::str::FromStr for UserSettingsTheme {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            "system" => Ok(Self::System),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for UserSettingsTheme {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for UserSettingsTheme {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`WeightKg`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct WeightKg(pub f64);
impl ::std::ops::Deref for WeightKg {
    type Target = f64;
    fn deref(&self) -> &f64 {
        &self.0
    }
}
impl ::std::convert::From<WeightKg> for f64 {
    fn from(value: WeightKg) -> Self {
        value.0
    }
}
impl ::std::convert::From<f64> for WeightKg {
    fn from(value: f64) -> Self {
        Self(value)
    }
}
impl ::std::fmt::Display for WeightKg {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ::std::str::FromStr for WeightKg {
    type Err = <f64 as ::std::str::FromStr>::Err;
    fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
        Ok(Self(value.parse()?))
    }
}
impl ::std::convert::TryFrom<&str> for WeightKg {
    type Error = <f64 as ::std::str::FromStr>::Err;
    fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<String> for WeightKg {
    type Error = <f64 as ::std::str::FromStr>::Err;
    fn try_from(value: String) -> ::std::result::Result<Self, Self::Error> {
        value.parse()
    }
}
#[doc = "`WorkoutLog`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutLog {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "durationMs")]
    pub duration_ms: i64,
    #[serde(rename = "endTime")]
    pub end_time: Timestamp,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name: ::std::option::Option<Name>,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "programDefinitionId", skip_serializing_if = "::std::option::Option::is_none")]
    pub program_definition_id: ::std::option::Option<Id>,
    #[serde(rename = "programInstanceId", skip_serializing_if = "::std::option::Option::is_none")]
    pub program_instance_id: ::std::option::Option<Id>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "startTime")]
    pub start_time: Timestamp,
    #[serde(rename = "workoutTemplateId", skip_serializing_if = "::std::option::Option::is_none")]
    pub workout_template_id: ::std::option::Option<Id>,
}
#[doc = "`WorkoutLogFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutLogFeedChange {
    pub collection: WorkoutLogFeedChangeCollection,
    pub op: Op,
    pub record: WorkoutLogRecord,
    pub rev: Revision,
}
#[doc = "`WorkoutLogFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum WorkoutLogFeedChangeCollection {
    #[serde(rename = "workout-logs")]
    WorkoutLogs,
}
impl ::std::fmt::Display for WorkoutLogFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::WorkoutLogs => f.write_str("workout-logs"),
        }
    }
}
impl ::std::str::FromStr for WorkoutLogFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "workout-logs" => Ok(Self::WorkoutLogs),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for WorkoutLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for WorkoutLogFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`WorkoutLogRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum WorkoutLogRecord {
    WorkoutLog(WorkoutLog),
    Tombstone(Tombstone),
}
impl ::std::convert::From<WorkoutLog> for WorkoutLogRecord {
    fn from(value: WorkoutLog) -> Self {
        Self::WorkoutLog(value)
    }
}
impl ::std::convert::From<Tombstone> for WorkoutLogRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`WorkoutTemplate`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutTemplate {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<Notes>,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    pub name: Name,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub notes: ::std::option::Option<Notes>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
}
#[doc = "`WorkoutTemplateExerciseInstance`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutTemplateExerciseInstance {
    #[serde(rename = "clientCreatedAt")]
    pub client_created_at: Timestamp,
    #[serde(rename = "clientUpdatedAt")]
    pub client_updated_at: Timestamp,
    #[serde(rename = "exerciseDefinitionId")]
    pub exercise_definition_id: Id,
    pub id: Id,
    #[serde(rename = "isDeleted")]
    pub is_deleted: bool,
    #[serde(rename = "orderInTemplate")]
    pub order_in_template: Order,
    #[serde(rename = "restTimeSecs", skip_serializing_if = "::std::option::Option::is_none")]
    pub rest_time_secs: ::std::option::Option<Seconds>,
    #[serde(rename = "serverId", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_id: ::std::option::Option<Id>,
    #[serde(rename = "serverUpdatedAt", skip_serializing_if = "::std::option::Option::is_none")]
    pub server_updated_at: ::std::option::Option<Timestamp>,
    #[serde(rename = "targetReps", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_reps: ::std::option::Option<RepsText>,
    #[serde(rename = "targetSetDefinitions")]
    pub target_set_definitions: ::std::vec::Vec<TargetSetDefinition>,
    #[serde(rename = "targetSets", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_sets: ::std::option::Option<i64>,
    #[serde(rename = "targetWeightNotes", skip_serializing_if = "::std::option::Option::is_none")]
    pub target_weight_notes: ::std::option::Option<TargetWeightNotes>,
    #[serde(rename = "workoutTemplateId")]
    pub workout_template_id: Id,
}
#[doc = "`WorkoutTemplateExerciseInstanceFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutTemplateExerciseInstanceFeedChange {
    pub collection: WorkoutTemplateExerciseInstanceFeedChangeCollection,
    pub op: Op,
    pub record: WorkoutTemplateExerciseInstanceRecord,
    pub rev: Revision,
}
#[doc = "`WorkoutTemplateExerciseInstanceFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum WorkoutTemplateExerciseInstanceFeedChangeCollection {
    #[serde(rename = "workout-template-exercise-instances")]
    WorkoutTemplateExerciseInstances,
}
impl ::std::fmt::Display for WorkoutTemplateExerciseInstanceFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::WorkoutTemplateExerciseInstances => f.write_str("workout-template-exercise-instances"),
        }
    }
}
impl ::std::str::FromStr for WorkoutTemplateExerciseInstanceFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "workout-template-exercise-instances" => Ok(Self::WorkoutTemplateExerciseInstances),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for WorkoutTemplateExerciseInstanceFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for WorkoutTemplateExerciseInstanceFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`WorkoutTemplateExerciseInstanceRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum WorkoutTemplateExerciseInstanceRecord {
    WorkoutTemplateExerciseInstance(WorkoutTemplateExerciseInstance),
    Tombstone(Tombstone),
}
impl ::std::convert::From<WorkoutTemplateExerciseInstance> for WorkoutTemplateExerciseInstanceRecord {
    fn from(value: WorkoutTemplateExerciseInstance) -> Self {
        Self::WorkoutTemplateExerciseInstance(value)
    }
}
impl ::std::convert::From<Tombstone> for WorkoutTemplateExerciseInstanceRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = "`WorkoutTemplateFeedChange`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
pub struct WorkoutTemplateFeedChange {
    pub collection: WorkoutTemplateFeedChangeCollection,
    pub op: Op,
    pub record: WorkoutTemplateRecord,
    pub rev: Revision,
}
#[doc = "`WorkoutTemplateFeedChangeCollection`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum WorkoutTemplateFeedChangeCollection {
    #[serde(rename = "workout-templates")]
    WorkoutTemplates,
}
impl ::std::fmt::Display for WorkoutTemplateFeedChangeCollection {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        match *self {
            Self::WorkoutTemplates => f.write_str("workout-templates"),
        }
    }
}
impl ::std::str::FromStr for WorkoutTemplateFeedChangeCollection {
    type Err = self::error::ConversionError;
    fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        match value {
            "workout-templates" => Ok(Self::WorkoutTemplates),
            _ => Err("invalid value".into()),
        }
    }
}
impl ::std::convert::TryFrom<&str> for WorkoutTemplateFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
impl ::std::convert::TryFrom<::std::string::String> for WorkoutTemplateFeedChangeCollection {
    type Error = self::error::ConversionError;
    fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
        value.parse()
    }
}
#[doc = "`WorkoutTemplateRecord`"]
#[derive(:: serde :: Deserialize, :: serde :: Serialize, Clone, Debug)]
#[serde(untagged)]
pub enum WorkoutTemplateRecord {
    WorkoutTemplate(WorkoutTemplate),
    Tombstone(Tombstone),
}
impl ::std::convert::From<WorkoutTemplate> for WorkoutTemplateRecord {
    fn from(value: WorkoutTemplate) -> Self {
        Self::WorkoutTemplate(value)
    }
}
impl ::std::convert::From<Tombstone> for WorkoutTemplateRecord {
    fn from(value: Tombstone) -> Self {
        Self::Tombstone(value)
    }
}
#[doc = " Error types."]
pub mod error {
    #[doc = r" Error from a `TryFrom` or `FromStr` implementation."]
    pub struct ConversionError(::std::borrow::Cow<'static, str>);
    impl ::std::error::Error for ConversionError {}
    impl ::std::fmt::Display for ConversionError {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> Result<(), ::std::fmt::Error> {
            ::std::fmt::Display::fmt(&self.0, f)
        }
    }
    impl ::std::fmt::Debug for ConversionError {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> Result<(), ::std::fmt::Error> {
            ::std::fmt::Debug::fmt(&self.0, f)
        }
    }
    impl From<&'static str> for ConversionError {
        fn from(value: &'static str) -> Self {
            Self(value.into())
        }
    }
    impl From<String> for ConversionError {
        fn from(value: String) -> Self {
            Self(value.into())
        }
    }
}
